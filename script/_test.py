"""Runs the whole suite on SQLite and on PostgreSQL, with servers of its own.

Needs only the standard library; script/test has found a Python that is new enough.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _children
import _packages
import _servers
import _venv
from _venv import ROOT, Refused, say

ENGINES = ("SQLite", "PostgreSQL")


def main(arguments: list[str]) -> int:
    _children.interrupt_on_signals()
    engines: tuple[str, ...] = ENGINES
    pytest: list[str] = []
    for argument in arguments:
        if argument == "--sqlite":
            engines = ("SQLite",)
        elif argument == "--postgres":
            engines = ("PostgreSQL",)
        elif argument == "--quick":
            pytest += ["-m", "not slow"]
        else:
            pytest.append(argument)
    if not any(part.startswith(("-n", "--numprocesses")) for part in pytest):
        pytest = ["-n", "2", *pytest]
    try:
        _packages.ensure(with_postgres="PostgreSQL" in engines)
        python = _venv.ready(_venv.DEVELOPMENT, ROOT / "var" / "log")
        return _run(python, engines, pytest)
    except Refused as refused:
        say(str(refused))
        return 3
    except KeyboardInterrupt:
        say("中断しました。")
        return 130


def _run(python: Path, engines: tuple[str, ...], pytest: list[str]) -> int:
    # One folder for everything the tests leave in the temporary folder, so all of it goes again;
    # another for PostgreSQL, which as a different user could not enter the first.
    scratch = Path(tempfile.mkdtemp(prefix="shuno-tests-"))
    cluster = Path(tempfile.mkdtemp(prefix="shuno-postgres-"))
    children: list[_children.Child] = []
    results: dict[str, tuple[int, float]] = {}
    try:
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "shinjuku_shuno.settings.test",
            "TEST_REDIS_URL": _servers.start_redis(scratch, children),
            "TEST_CHROMIUM": _packages.chromium() or "",
            "TMPDIR": str(scratch),
            "PYTHONUTF8": "1",
        }
        env.pop("TEST_DATABASE_URL", None)
        for engine in engines:
            if engine == "PostgreSQL":
                env["TEST_DATABASE_URL"] = _servers.start_postgres(cluster, children)
            print(f"\n===== {engine} で試験します =====", flush=True)
            began = time.monotonic()
            code = _pytest([str(python), "-m", "pytest", *pytest], env)
            results[engine] = (code, time.monotonic() - began)
    finally:
        _children.stop(children)
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(cluster, ignore_errors=True)
    print()
    for engine, (code, seconds) in results.items():
        outcome = "合格" if code == 0 else f"不合格（pytest の終了コード {code}）"
        print(f"{engine}: {outcome} {seconds:.0f} 秒")
    return 1 if any(code for code, _ in results.values()) else 0


def _pytest(command: list[str], env: dict[str, str]) -> int:
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
