"""Brings the databases up to date in one process; what load_demo says goes to stdout.

Run by the virtual environment's Python. The name of each step goes to stderr before the step.
"""

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    with contextlib.redirect_stdout(sys.stderr):
        for step in (
            ("migrate", "--no-input"),
            ("migrate", "--no-input", "--database", "accesslog"),
            ("load_reference",),
        ):
            print("==", *step, flush=True)
            call_command(*step, stdout=sys.stderr)
    print("== load_demo", file=sys.stderr, flush=True)
    call_command("load_demo")


main()
