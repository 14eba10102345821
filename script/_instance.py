"""One running instance per data folder, and what it tells other commands about itself."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from _venv import Refused


def running(state_file: Path) -> dict[str, str]:
    """What the instance that holds this file wrote about itself; empty if none runs."""
    with contextlib.suppress(FileNotFoundError), open(state_file, encoding="utf-8") as state:
        try:
            fcntl.flock(state, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(state.fileno())
    return {}


@contextlib.contextmanager
def only_one(state_file: Path, address: str) -> Iterator[Callable[[str], None]]:
    """Holds the file while this instance lives; call what it yields with the broker's address."""
    # The broker's password is in it, so nobody else may read the file.
    descriptor = os.open(state_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _read(descriptor)
            raise Refused(
                f"すでに動いています（{other.get('address', '起動中')}、"
                f"プロセス番号 {other.get('pid', '不明')}）。その画面を使うか、"
                "動いている端末で Ctrl-C を押して終わらせてから、もう一度実行してください。"
                "別にもう一つ動かすには、SHUNO_DATA_DIR と --port を変えてください。"
            ) from error

        def publish(redis_url: str = "") -> None:
            about = {"pid": str(os.getpid()), "address": address, "redis_url": redis_url}
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(about).encode(), 0)

        publish()
        yield publish
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> dict[str, str]:
    try:
        about: dict[str, str] = json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}  # the other one is just writing it
    return about


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except PermissionError as error:
            raise Refused(
                f"ポート {port} は管理者だけが使えます。"
                "1024 以上の番号を --port で指定してください。"
            ) from error
        except OSError as error:
            other = port + 1 if port < 65535 else 8001
            raise Refused(
                f"ポート {port} はほかのプログラムが使っています。そのプログラムを終わらせるか、"
                f"script/run --port {other} のように別の番号を指定してください。"
            ) from error
