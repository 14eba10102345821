"""Starts the whole product on this machine, or runs one command in the same environment.

Needs only the standard library; script/run has found a Python that is new enough.
"""

import argparse
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import _broker
import _children
import _instance
import _venv
from _venv import ROOT, Refused, say

DATA = Path(os.environ.get("SHUNO_DATA_DIR") or ROOT / "var").absolute()
LOGS = DATA / "log"
STATE = DATA / "run.json"


def main(arguments: list[str]) -> int:
    _children.interrupt_on_signals()
    try:
        DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
        if arguments[:1] == ["import"]:
            return _command(["import_receipts", *arguments[1:]])
        if arguments[:1] == ["manage"]:
            return _command(arguments[1:])
        return _serve(_port(arguments))
    except Refused as refused:
        say(str(refused))
        return 3
    except OSError as error:
        say(
            f"{error.filename or DATA} を使えません（{error.strerror}）。空きと権限を確かめてください。"
        )
        return 3
    except KeyboardInterrupt:
        say("中断しました。もう一度実行すれば続きから始まります。")
        return 130


def _port(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="script/run",
        description="新宿区 収納管理を手元で動かします。",
        epilog="ほかに: script/run import FILE…（取込）、script/run manage コマンド…",
    )
    parser.add_argument(
        "--port", default=os.environ.get("PORT") or "8000", help="番号（既定 8000）"
    )
    given: str = parser.parse_args(arguments).port
    if not (given.isascii() and given.isdecimal() and 0 < int(given) < 65536):
        raise Refused(f"ポート「{given}」は使えません。1 から 65535 の数で指定してください。")
    return int(given)


def _environment() -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "shinjuku_shuno.settings.local",
        "SHUNO_DATA_DIR": str(DATA),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def _prepare(python: Path, env: dict[str, str]) -> str:
    """Databases and data up to date; returns what the demonstration says about its accounts."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / "prepare.log"
    with open(log, "wb") as output:
        done = subprocess.run(
            [python, ROOT / "script" / "_prepare.py"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=output,
        )
    if done.returncode:
        lines = log.read_text("utf-8", "replace").splitlines()
        step = next((line[3:] for line in reversed(lines) if line.startswith("== ")), "準備")
        reason = lines[-1] if lines else ""
        raise Refused(f"データベースの準備（{step}）に失敗しました。記録: {log}\n{reason}")
    return done.stdout.decode("utf-8", "replace").strip()


def _command(arguments: list[str]) -> int:
    """One manage.py command, with the broker of the running instance if there is one."""
    env = _environment()
    python = _venv.ready(_venv.RUNTIME, LOGS)
    if url := _instance.running(STATE).get("redis_url"):
        env["REDIS_URL"] = url
    _prepare(python, env)
    return subprocess.run([python, ROOT / "manage.py", *arguments], env=env).returncode


def _serve(port: int) -> int:
    address = f"http://127.0.0.1:{port}/"
    with _instance.only_one(STATE, address) as publish:
        _instance.check_port(port)
        env = _environment()
        python = _venv.ready(_venv.RUNTIME, LOGS)
        say("データベースを準備しています。")
        accounts = _prepare(python, env)
        children: list[_children.Child] = []
        try:
            _start_broker(python, env, children)
            _start_product(python, env, children, port)
            publish(env.get("REDIS_URL", ""))
            _wait_until_it_answers(address, children)
            print(
                f"{accounts}\n\n動いています: {address}\n終わるには Ctrl-C を押してください。",
                flush=True,
            )
            while True:
                _check_children(children)
                time.sleep(0.3)
        except KeyboardInterrupt:
            say("終わらせています。")
            return 0
        finally:
            brokers = [child for child in children if child.name == "ブローカ"]
            _children.stop([child for child in children if child not in brokers])
            _children.stop(brokers)
            if children:
                say("終わりました。")


def _start_broker(python: Path, env: dict[str, str], children: list[_children.Child]) -> None:
    if given := env.get("REDIS_URL"):
        _broker.check_given(given)
    elif binary := _broker.server_binary(python):
        child, env["REDIS_URL"] = _broker.start(binary, DATA, LOGS / "broker.log", env)
        children.append(child)
    else:
        say(_broker.no_server_sentence())


def _start_product(
    python: Path, env: dict[str, str], children: list[_children.Child], port: int
) -> None:
    def start(name: str, log: str, *command: str | Path) -> None:
        say(f"{name}を起動しています。")
        children.append(
            _children.start(name, [python, "-m", *command], LOGS / f"{log}.log", env, ROOT)
        )

    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4")
    quiet = ("--no-control-socket", "--access-logfile", "-", "--timeout", "120")
    start("Web サーバ", "web", "gunicorn", "shinjuku_shuno.wsgi", *bind, *quiet)
    celery = ("celery", "-A", "shinjuku_shuno")
    if env.get("REDIS_URL"):
        start("処理係", "worker", *celery, "worker", "--concurrency", "2", "--loglevel", "INFO")
    schedule = DATA / "beat-schedule"
    beat = ("beat", "--loglevel", "INFO", "--schedule", schedule, "--pidfile", "")
    start("予定係", "beat", *celery, *beat)


def _wait_until_it_answers(address: str, children: list[_children.Child]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _check_children(children)
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
            raise Refused(
                f"画面が開けません（応答 {error.code}）。記録: {LOGS / 'web.log'}"
            ) from error
        except OSError:
            time.sleep(0.1)
    raise Refused(f"60 秒待っても画面が答えません。記録: {LOGS / 'web.log'}")


def _check_children(children: list[_children.Child]) -> None:
    for child in children:
        if not child.running:
            raise Refused(
                f"{child.name}が止まったので、ほかも終わらせました。記録: {child.log}\n{child.last_lines()}"
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
