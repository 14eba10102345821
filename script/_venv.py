"""The virtual environment of this tree: made once, filled again only when the pins change."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ("requirements.txt",)
DEVELOPMENT = ("requirements.txt", "requirements-dev.txt")

_NO_NETWORK = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "NameResolutionError",
    "ProxyError",
    "SSLError",
    "Connection refused",
    "Temporary failure in name resolution",
)


class Refused(Exception):
    """A sentence for the person at the terminal, who can act on it."""


def say(sentence: str) -> None:
    """Progress goes to stderr: the stdout of `script/run import --json` belongs to the command."""
    print(sentence, file=sys.stderr, flush=True)


def ready(requirements: tuple[str, ...], log_dir: Path) -> Path:
    """Python of the virtual environment with these requirement files installed."""
    if given := os.environ.get("SHUNO_VENV"):
        python = Path(given) / "bin" / "python"
        if not _works(python):
            raise Refused(
                f"SHUNO_VENV が指す {given} に、使える Python 3.11 以上の環境がありません。"
                "SHUNO_VENV を消すと、.venv を作って使います。"
            )
        return python
    venv = ROOT / ".venv"
    python = venv / "bin" / "python"
    log_dir.mkdir(parents=True, exist_ok=True)
    log = log_dir / "install.log"
    with _one_at_a_time():
        if not _works(python) or not _is_at_home(venv):
            _make(venv, log)
        for name in requirements:
            _install(venv, name, log)
    return python


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts at once would install over each other. The lock is on the folder of the tree."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _works(python: Path) -> bool:
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", probe], capture_output=True).returncode == 0
    except OSError:
        return False


def _is_at_home(venv: Path) -> bool:
    """False when the tree was moved or copied: the scripts inside still name the old place."""
    config = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    commands = [line for line in config.splitlines() if line.startswith("command = ")]
    return not commands or commands[0].endswith(f" {venv}")


def _make(venv: Path, log: Path) -> None:
    say("Python の環境 .venv を作っています。")
    with open(log, "w", encoding="utf-8") as output:
        made = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", venv],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if made.returncode:
        raise Refused(
            "Python の環境 .venv を作れませんでした。venv の部品を入れてから"
            f"（Debian・Ubuntu: apt install python3-venv）、もう一度実行してください。記録: {log}"
        )


def _install(venv: Path, name: str, log: Path) -> None:
    wanted = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    stamp = venv / f".installed-{name}"
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    say(f"部品を入れています（{name}。はじめての時は数分かかります）。")
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(
            [
                *(venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check"),
                *("--require-hashes", "-r", ROOT / name),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise Refused(_why_not_installed(log.read_text(encoding="utf-8", errors="replace"), log))
    stamp.write_text(wanted, encoding="ascii")


def _why_not_installed(output: str, log: Path) -> str:
    if "DO NOT MATCH THE HASHES" in output:
        reason = (
            "届いた部品が、固定した内容（ハッシュ）と違います。使わずに止めました。"
            "部品の取得元（PIP_INDEX_URL や社内の PyPI）が正しいか確かめてください。"
        )
    elif any(sign in output for sign in _NO_NETWORK):
        reason = (
            "部品の取得元（PyPI）に届きません。ネットワークを確かめるか、"
            "プロキシ（HTTPS_PROXY）または社内の PyPI（PIP_INDEX_URL）を設定して、もう一度実行してください。"
        )
    elif "No space left on device" in output:
        reason = "ディスクの空きが足りません。空きを作ってから、もう一度実行してください。"
    elif "No matching distribution found" in output:
        reason = (
            "この Python と機種に合う部品が見つかりません。64 ビットの Linux か macOS の、"
            "Python 3.11〜3.13 で試してください。"
        )
    else:
        reason = "部品を入れられませんでした。記録の終わりにある理由を見てください。"
    return f"{reason}記録: {log}"


def main() -> int:
    """`_venv.py` prints the Python with the development requirements, for the shell scripts."""
    try:
        print(ready(DEVELOPMENT, ROOT / "var" / "log"))
    except Refused as refused:
        say(str(refused))
        return 3
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
