"""The PostgreSQL and Redis of one test run: on free ports, throw-away, nobody else's."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import _children
from _packages import postgres_bin
from _venv import Refused

DATABASES = ("shuno", "accesslog")


def start_redis(folder: Path, children: list[_children.Child]) -> str:
    port = _children.free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    redis = _children.start(
        "Redis", ["redis-server", *options], folder / "redis.log", os.environ, folder
    )
    children.append(redis)
    _wait(redis, port)
    return f"redis://127.0.0.1:{port}/0"


def start_postgres(folder: Path, children: list[_children.Child], **changed: str) -> str:
    """URL of a fresh cluster, quick rather than safe unless `changed` says otherwise.

    PostgreSQL refuses root, so root lends it to `postgres`.
    """
    programs = postgres_bin()
    if programs is None:
        raise Refused("PostgreSQL の initdb が見つかりません。postgresql を入れてください。")
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user, user)
    data, port = folder / "data", _children.free_port()
    env = os.environ | {"HOME": str(folder), "LC_ALL": "C.UTF-8"}
    made = subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", "postgres", "--auth", "trust"),
            *("--locale=C.UTF-8", "--encoding=UTF8", "--no-sync"),
        ],
        env=env,
        cwd=folder,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise Refused(f"試験用の PostgreSQL を作れませんでした。\n{made.stderr}")
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "timezone": "Asia/Tokyo",
        **changed,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = _children.start(
        "PostgreSQL",
        [programs / "postgres", "-D", data, *options],
        folder / "postgres.log",
        env,
        folder,
        user=user,
        ending=signal.SIGINT,  # its fast shutdown: does not wait for clients
    )
    children.append(server)
    _wait(server, port)
    address = ("-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
    for name in DATABASES:
        _createdb(programs, address, name)
    return f"postgres://postgres@127.0.0.1:{port}/{DATABASES[0]}"


def _createdb(programs: Path, address: tuple[str, ...], name: str) -> None:
    """The port is open a moment before the server takes connections."""
    for _ in range(100):
        made = subprocess.run(
            [programs / "createdb", *address, name], capture_output=True, text=True
        )
        if made.returncode == 0:
            return
        time.sleep(0.1)
    raise Refused(f"試験用のデータベース {name} を作れませんでした。\n{made.stderr}")


def _wait(server: _children.Child, port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.running:
        if _children.listens(port):
            return
        time.sleep(0.05)
    raise Refused(f"試験用の {server.name} が起動しませんでした。\n{server.last_lines()}")
