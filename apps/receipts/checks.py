"""System checks of what an administrator may add: `manage.py check` names every fault."""

from typing import Any

from django.core.checks import CheckMessage, Warning

from . import layouts


def added_layouts(**kwargs: Any) -> list[CheckMessage]:
    """W001 for each added layout file that is left out because of its faults."""
    return [
        Warning(
            f"レイアウトのファイルを使えません。{fault}",
            hint="RECEIPTS_DIR/layouts のファイルを直し、Web と処理係を起動し直してください。",
            id="receipts.W001",
        )
        for fault in layouts.added()[1]
    ]
