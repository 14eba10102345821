"""A real worker on the real broker, killed without a word at each stage and started again."""

from __future__ import annotations

import datetime
import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from kombu import Connection

from apps.receipts import generating, services, tasks
from apps.receipts.models import ReceiptFile
from tests.receipts import book, door, live, plain
from tests.receipts.test_runs import assert_nothing_written, assert_once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.usefixtures("reference", "acting"),
]

State = ReceiptFile.State
DAY = datetime.date(2026, 4, 1)


@pytest.fixture(scope="module")
def data() -> bytes:
    return generating.make_file("shinjuku-120", "tax", DAY, 80_000, 3)


@pytest.fixture
def queue(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks of this process go to the broker, where the workers of this test alone look."""
    if not settings.REDIS_URL:
        pytest.fail("TEST_REDIS_URL がありません。script/test が Redis を起動します。")
    options = {"visibility_timeout": 7200, "global_keyprefix": f"{settings.RECEIPTS_DIR}:"}

    def send(file_id: int) -> None:
        with Connection(settings.REDIS_URL, transport_options=options) as connection:
            current_app.send_task(
                tasks.process_receipt_file.name, args=[file_id], connection=connection
            )

    monkeypatch.setattr(tasks.process_receipt_file, "delay", send)
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


def taken_in(data: bytes) -> ReceiptFile:
    return services.take_in(
        io.BytesIO(data),
        name="a.dat",
        door=ReceiptFile.Door.WEB,
        received_by=None,
        received_by_name="試験",
    )


def state_of(file: ReceiptFile) -> str:
    return str(ReceiptFile.objects.values_list("state", flat=True).get(pk=file.pk))


def ended(file: ReceiptFile) -> bool:
    row = ReceiptFile.objects.get(pk=file.pk)
    return row.state == State.FAILED or bool(row.purged_at)


def test_a_worker_takes_the_file_from_the_queue(queue: None, tmp_path: Path) -> None:
    data = generating.make_file("shinjuku-120", "tax", DAY, 200, 3)
    file = taken_in(data)
    services.start(file)
    with live.worker(tmp_path / "worker.log"):
        live.wait_for(lambda: ended(file))
    assert_once(data)


@pytest.mark.parametrize("stage", [State.CHECKING, State.REGISTERING])
def test_killed_at_a_stage_and_started_again_is_registered_once(
    stage: str, queue: None, tmp_path: Path, data: bytes
) -> None:
    file = taken_in(data)
    services.start(file)
    with live.worker(tmp_path / "first.log") as first:
        live.wait_for(lambda: state_of(file) in (stage, State.DONE))
        first.kill()
    assert state_of(file) == stage, "the file was too small to be caught at this stage"
    assert_nothing_written()
    with live.worker(tmp_path / "second.log"):
        live.wait_for(lambda: ended(file), 120)
    assert_once(data)


def test_killed_late_in_registration(queue: None, tmp_path: Path, data: bytes) -> None:
    """Half a second into the one transaction; all of it goes."""
    file = taken_in(data)
    services.start(file)
    with live.worker(tmp_path / "first.log") as first:
        live.wait_for(lambda: state_of(file) == State.REGISTERING)
        time.sleep(0.5)
        first.kill()
    assert state_of(file) in (State.REGISTERING, State.DONE)
    with live.worker(tmp_path / "second.log"):
        if state_of(file) == State.DONE:  # the machine was quick
            ReceiptFile.objects.update(finished_at="2026-01-01T00:00Z")
            services.recover()
        live.wait_for(lambda: ended(file), 120)
    assert_once(data)


def test_only_the_child_killed_as_by_the_memory_watch(
    queue: None, tmp_path: Path, data: bytes
) -> None:
    """The parent lives on and starts another child; the watch task finds the run that died."""
    file = taken_in(data)
    services.start(file)
    with live.worker(tmp_path / "worker.log") as worker:
        live.wait_for(lambda: state_of(file) == State.REGISTERING)
        os.kill(worker.child(), signal.SIGKILL)
        live.wait_for(lambda: bool(services.recover(here_only=True)) or ended(file), 60, 0.2)
        live.wait_for(lambda: ended(file), 120)
    assert_once(data)


def test_stopped_for_longer_than_its_lease_then_waking_up(
    queue: None, tmp_path: Path, data: bytes
) -> None:
    """SIGSTOP, the lease runs out, a person is told; SIGCONT: the old run must not finish."""
    file = taken_in(data)
    services.start(file)
    with live.worker(tmp_path / "worker.log") as worker:
        live.wait_for(lambda: state_of(file) == State.CHECKING)
        child = worker.child()
        os.kill(child, signal.SIGSTOP)
        if state_of(file) == State.CHECKING:
            ReceiptFile.objects.filter(pk=file.pk).update(lease_until="2026-01-01T00:00Z")
            tasks.watch_imports()
            assert state_of(file) == State.FAILED
            os.kill(child, signal.SIGCONT)
            live.wait_for(lambda: "superseded" in worker.log.read_text("utf-8"), 60, 0.1)
            assert state_of(file) == State.FAILED
            assert_nothing_written()
        else:
            os.kill(child, signal.SIGCONT)
            pytest.fail("the file was too small to be caught while it was checked")
    assert door.in_vault() == [ReceiptFile.objects.get().stored_as]


def test_two_workers_share_the_queue(queue: None, tmp_path: Path) -> None:
    contents = [generating.make_file("shinjuku-120", "tax", DAY, 2000, seed) for seed in range(4)]
    files = [taken_in(one) for one in contents]
    with live.worker(tmp_path / "one.log"), live.worker(tmp_path / "two.log"):
        for file in [*files, *files]:  # every message twice
            services.start(file)
        live.wait_for(lambda: all(ended(file) for file in files), 120, 0.1)
    expected = plain.Book()
    for one in contents:
        expected.post("ntt-data", plain.lines("shinjuku-120", one))
    assert book.payments() == expected.payments()
    assert {state_of(file) for file in files} == {State.DONE} and door.in_vault() == []
