"""Processes of the product on the test database: workers and commands that may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import connections

ROOT = Path(__file__).parent.parent.parent


def environment() -> dict[str, str]:
    names = {
        f"LIVE_{alias.upper()}_NAME": str(connections[alias].settings_dict["NAME"])
        for alias in ("default", "accesslog")
    }
    return (
        os.environ
        | names
        | {
            "DJANGO_SETTINGS_MODULE": "tests.receipts.live_settings",
            "LIVE_RECEIPTS_DIR": str(settings.RECEIPTS_DIR),
            "PYTHONPATH": str(ROOT),
        }
    )


class Worker:
    """A real Celery worker with one child, in a process group of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        command = ["-m", "celery", "-A", "shinjuku_shuno", "worker", "--concurrency", "1"]
        with open(log, "ab") as target:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *command,
                    "--loglevel",
                    "INFO",
                    "--without-gossip",
                    "-n",
                    log.stem,
                ],
                cwd=ROOT,
                env=environment(),
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As the machine or the kernel does it: the whole group, at once, without a word."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def child(self) -> int:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(listed.split()[0])


@contextlib.contextmanager
def worker(log: Path) -> Iterator[Worker]:
    one = Worker(log)
    try:
        yield one
    finally:
        one.kill()


def wait_for(what: Callable[[], bool], seconds: float = 60, every: float = 0.002) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("what the test waits for did not happen")
        time.sleep(every)


def measured(code: str, *arguments: str, timeout: float = 300) -> tuple[int, str]:
    """Peak memory in KiB and output of a Python program on the test database."""
    program = f"{code}\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *said, peak = done.stdout.splitlines()
    return int(peak), "\n".join(said)
