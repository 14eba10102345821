"""script/run as a person meets it: the sentences when it cannot start, and its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import _broker
import _venv

ROOT = Path(__file__).resolve().parent.parent
RUN = str(ROOT / "script" / "run")


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH"}
    env = {name: value for name, value in os.environ.items() if name in kept}
    return env | {"SHUNO_DATA_DIR": str(data), "SHUNO_VENV": sys.prefix} | more


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", RUN, *arguments], env=env, capture_output=True, text=True, timeout=120
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_taken_port_is_named_and_nothing_is_started(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--port", str(port), env=environment(tmp_path / "var"))
    assert ended.returncode == 3
    assert f"ポート {port} はほかのプログラムが使っています" in ended.stderr
    assert "--port" in ended.stderr
    assert not (tmp_path / "var" / "shuno.sqlite3").exists()


@pytest.mark.parametrize("wrong", ["abc", "0", "65536", "-1", "８０００"])
def test_a_port_that_is_no_port_is_named(tmp_path, wrong):
    ended = run(f"--port={wrong}", env=environment(tmp_path))
    assert ended.returncode == 3
    assert f"ポート「{wrong}」は使えません" in ended.stderr


def test_old_python_gets_a_sentence(tmp_path):
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ended = run(env=environment(tmp_path / "var", PATH=str(old.parent)))
    assert ended.returncode == 3
    assert "Python 3.11 以上が見つかりません（見つかったが古いもの: python3）" in ended.stderr
    assert not (tmp_path / "var").exists()


def test_wrong_environment_gets_a_sentence(tmp_path):
    env = environment(tmp_path / "var", SHUNO_VENV=str(tmp_path / "none"))
    ended = run("--port", str(free_port()), env=env)
    assert ended.returncode == 3
    assert "SHUNO_VENV" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_unreachable_broker_gets_a_sentence(tmp_path):
    with pytest.raises(_venv.Refused, match=r"127\.0\.0\.1:1 に届きません"):
        _broker.check_given("redis://127.0.0.1:1/0")


@pytest.mark.slow
def test_command_ends_with_the_exit_code_of_the_command(tmp_path):
    env = environment(tmp_path / "var")
    ended = run("manage", "shell", "-v", "0", "-c", "raise SystemExit(7)", env=env)
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout == ""


def children_of(pid: int) -> set[int]:
    """All descendants of a process."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | children_of(child)
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


class Started:
    def __init__(self, data: Path):
        self.data = data
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.env = environment(data)
        self.process = subprocess.Popen(
            [RUN, "--port", str(self.port)],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    def wait_until_said(self, sentence: str) -> None:
        while sentence not in self.said:
            line = self.process.stdout.readline()
            assert line, f"it ended without saying {sentence}:\n{self.said}"
            self.said += line

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.said += self.process.stdout.read()
        return self.process.wait(timeout=60)


@pytest.fixture
def started(tmp_path):
    one = Started(tmp_path / "var")
    yield one
    if one.process.poll() is None:
        one.end(signal.SIGTERM)
    one.process.stdout.close()


@pytest.mark.slow
def test_it_serves_refuses_a_second_one_and_ends_everything_on_ctrl_c(started):
    stranger = subprocess.Popen(["sleep", "300"], start_new_session=True)
    try:
        started.wait_until_said(f"動いています: {started.address}")
        with urllib.request.urlopen(started.address, timeout=30) as answer:
            assert answer.status == 200

        second = run("--port", str(free_port()), env=started.env)
        assert second.returncode == 3
        assert f"すでに動いています（{started.address}、" in second.stderr

        family = children_of(started.process.pid)
        groups = {os.getpgid(pid) for pid in family}
        assert len(groups) >= 3  # at least web, beat and worker, each in a group of its own

        assert started.end() == 0
        assert "終わりました" in started.said
        assert not [pid for pid in family if alive(pid)]
        for group in groups:
            with pytest.raises(ProcessLookupError):
                os.killpg(group, 0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.slow
def test_when_one_dies_it_is_named_and_the_rest_ends(started):
    started.wait_until_said(f"動いています: {started.address}")
    family = children_of(started.process.pid)
    beat = next(pid for pid in family if b"\0beat\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(beat, signal.SIGKILL)
    said = started.process.stdout.read()
    assert started.process.wait(timeout=60) == 3
    assert f"予定係が止まったので、ほかも終わらせました。記録: {started.data}/log/beat.log" in said
    assert not [pid for pid in family if alive(pid)]


@pytest.mark.slow
def test_killed_outright_it_leaves_nothing_behind_and_starts_again(started):
    started.wait_until_said(f"動いています: {started.address}")
    family = children_of(started.process.pid)
    started.process.kill()
    started.process.wait()
    deadline = time.monotonic() + 30
    while [pid for pid in family if alive(pid)] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in family if alive(pid)]
    again = run("--port", str(started.port), "--help", env=started.env)
    assert again.returncode == 0
    left = json.loads((started.data / "run.json").read_text())
    assert left["address"] == started.address  # stale, and nobody holds it
    ended = run("manage", "check", env=started.env)
    assert ended.returncode == 0, ended.stderr
