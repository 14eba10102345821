"""Processes that a script starts, and ends again whatever happens: these and no others."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ending: signal.Signals = signal.SIGTERM

    @property
    def running(self) -> bool:
        # WNOWAIT keeps the ended process's number taken, so that its group can still be ended
        # without hitting a stranger who was given the same number.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return self.process.returncode is None and (
            os.waitid(os.P_PID, self.process.pid, options) is None
        )

    def last_lines(self, count: int = 8) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-count:])


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    user: str | None = None,
    ending: signal.Signals = signal.SIGTERM,
) -> Child:
    """A child in a process group of its own, so that Ctrl-C reaches only the script."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            user=user,
            group=user,
            extra_groups=[] if user else None,
        )
    return Child(name, process, log, ending)


def _end_with_parent() -> None:
    """Even a script that was killed outright leaves nothing behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def stop(children: Sequence[Child], patience: float = 15.0) -> None:
    """End them together, then whatever is left in their groups."""
    for child in children:
        if child.running:
            os.kill(child.process.pid, child.ending)
    deadline = time.monotonic() + patience
    try:
        while any(child.running for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
    except KeyboardInterrupt:
        pass  # A second Ctrl-C: no more waiting.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for child in children:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
    signal.signal(signal.SIGINT, before)


def interrupt_on_signals() -> None:
    """A closed terminal or `kill` ends the script in the same way as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
