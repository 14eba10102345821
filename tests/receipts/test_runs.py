"""Runs that die, stall, meet or come twice: once registered, or a named failure with nothing written."""

from __future__ import annotations

import datetime
import io
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from apps.accesslog.services import Actor, acting_as
from apps.organization.models import Notice, Staff
from apps.payments.models import Payment, PaymentEntry
from apps.receipts import generating, ledger, services, tasks
from apps.receipts.models import ReceiptFile, ReceiptLine
from apps.receipts.services import running
from tests.payments.test_duplicates import data_of, good, sealed
from tests.receipts import book, door, plain

pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.usefixtures("reference", "acting"),
]

State = ReceiptFile.State


def received(data: bytes | None = None, by: Staff | None = None) -> ReceiptFile:
    return services.take_in(
        io.BytesIO(good() if data is None else data),
        name="a.dat",
        door=ReceiptFile.Door.WEB,
        received_by=by,
        received_by_name=str(by or "試験"),
    )


def codes(file: ReceiptFile) -> list[str]:
    return list(file.issues.filter(effect="refuse").values_list("code", flat=True))


def assert_once(data: bytes) -> None:
    """The state of a single clean run."""
    expected = plain.Book()
    expected.post("ntt-data", plain.lines("shinjuku-120", data))
    assert book.payments() == expected.payments()
    assert ReceiptLine.objects.count() == len(plain.records("shinjuku-120", data))
    file = ReceiptFile.objects.get(state__in=ReceiptFile.REGISTERED)
    assert file.purged_at and door.in_vault() == []


def assert_nothing_written() -> None:
    assert not ReceiptLine.objects.exists() and not Payment.objects.exists()
    assert not PaymentEntry.objects.exists()


def together(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Each act in a thread with its own connection, begun at one moment."""
    acts = list(acts)
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int) -> None:
        try:
            barrier.wait(10)
            with acting_as(Actor(f"system:試験{at}")):
                answers[at] = acts[at]()
        except BaseException as error:
            answers[at] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(acts))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers


def gone_process() -> int:
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def hold(file: ReceiptFile, state: str, worker: str, lease_seconds: float) -> None:
    """As a run leaves it that got this far."""
    ReceiptFile.objects.filter(pk=file.pk).update(
        state=state,
        run="a" * 32,
        worker=worker,
        lease_until=timezone.now() + datetime.timedelta(seconds=lease_seconds),
    )


@pytest.mark.parametrize("state", [State.CHECKING, State.REGISTERING])
def test_a_stalled_run_is_failed_its_starter_told_and_retry_works(
    state: str, staff: dict[str, Staff]
) -> None:
    file = received(by=staff["tax01"])
    hold(file, state, "another-host:1", -1)
    tasks.watch_imports()
    file.refresh_from_db()
    assert file.state == State.FAILED and codes(file) == ["stalled"] and file.retryable
    notice = Notice.objects.get()
    assert notice.staff == staff["tax01"] and "止まり、失敗しました" in notice.text
    assert_nothing_written()
    services.retry(file, by=staff["tax01"], accept_partial=False)
    assert_once(good())


@pytest.mark.parametrize("state", [State.CHECKING, State.REGISTERING])
def test_a_run_whose_process_is_gone_starts_again(state: str) -> None:
    file = received()
    hold(file, state, f"{socket.gethostname()}:{gone_process()}", 60)
    assert services.recover(here_only=True) == [file.pk]
    assert_once(good())


def test_a_file_that_ends_its_worker_every_time_is_not_started_for_ever() -> None:
    file = received()
    hold(file, State.CHECKING, f"{socket.gethostname()}:{gone_process()}", 60)
    ReceiptFile.objects.update(attempts=3)
    assert services.recover(here_only=True) == []
    ReceiptFile.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
    tasks.watch_imports()
    file.refresh_from_db()
    assert file.state == State.FAILED and codes(file) == ["stalled"]
    assert_nothing_written()


def test_a_run_that_lives_is_left_alone() -> None:
    file = received()
    hold(file, State.CHECKING, running.this_worker(), 60)
    tasks.watch_imports()
    file.refresh_from_db()
    assert file.state == State.CHECKING and file.run == "a" * 32


def test_a_file_that_nobody_claimed_is_started() -> None:
    file = received()
    tasks.watch_imports()
    file.refresh_from_db()
    assert file.state == State.RECEIVED
    ReceiptFile.objects.update(received_at=timezone.now() - datetime.timedelta(hours=1))
    tasks.watch_imports()
    assert_once(good())


def test_a_crash_between_registration_and_deletion_is_made_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = received()
    monkeypatch.setattr(running, "purge", lambda file: False)
    assert services.process(file.pk).purged_at is None
    monkeypatch.undo()
    tasks.watch_imports()
    file.refresh_from_db()
    assert file.purged_at is None, "the run itself may still be about to"
    ReceiptFile.objects.update(finished_at=timezone.now() - datetime.timedelta(hours=1))
    tasks.watch_imports()
    assert_once(good())


def test_the_task_run_twice_is_once() -> None:
    file = received()
    tasks.process_receipt_file(file.pk)
    tasks.process_receipt_file(file.pk)
    assert_once(good())


def test_a_run_that_was_given_up_cannot_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow, not dead: its lease ran out, a person was told, then it wakes up."""
    file = received()
    post = ledger.kept().post

    def slow(of: ReceiptFile) -> ledger.Posted:
        posted = post(of)
        together([lambda: ReceiptFile.objects.filter(pk=of.pk).update(state=State.FAILED, run="")])
        return posted

    # On SQLite there is no second writer while a transaction is open: between the two stages then.
    if connection.vendor == "sqlite":
        hold_ = running._hold

        def held(*args: Any, **options: Any) -> None:
            hold_(*args, **options)
            ReceiptFile.objects.filter(pk=file.pk).update(state=State.FAILED, run="")

        monkeypatch.setattr(running, "_hold", held)
    else:
        monkeypatch.setattr(ledger.kept(), "post", slow)
    file = services.process(file.pk)
    assert file.state == State.FAILED
    assert_nothing_written()


@pytest.mark.parametrize("where", ["checking", "registering"])
def test_the_database_gone_in_the_middle_is_a_named_failure_and_retry_works(
    where: str, staff: dict[str, Staff], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **options: Any) -> Any:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise OperationalError("disk I/O error")

    file = received(by=staff["tax01"])
    if where == "checking":
        monkeypatch.setattr(running, "save_issues", gone)
    else:
        monkeypatch.setattr(ledger.kept(), "post", gone)
    file = services.process(file.pk)
    monkeypatch.undo()
    assert file.state == State.FAILED and codes(file) == ["crashed"] and file.retryable
    assert Notice.objects.get().staff == staff["tax01"]
    assert_nothing_written()
    services.retry(file, by=staff["tax01"], accept_partial=False)
    assert_once(good())


@pytest.mark.parametrize("stage", ["take_in", "process"])
def test_a_database_that_stays_away_is_a_sentence_for_the_command(
    stage: str, own_folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: Any, **options: Any) -> Any:
        raise OperationalError("connection refused")

    path = own_folders / "a.dat"
    path.write_bytes(good())
    monkeypatch.setattr(services, stage, gone)
    run = door.command(path)
    assert run.exit_code == 2 and run.codes == ["database-gone"]
    monkeypatch.undo()
    assert_nothing_written()
    ReceiptFile.objects.update(received_at=timezone.now() - datetime.timedelta(hours=1))
    tasks.watch_imports()
    if stage == "take_in":
        door.command(path)
    assert_once(good())


def test_the_same_file_by_several_doors_at_once_is_taken_in_once(own_folders: Any) -> None:
    path = own_folders / "a.dat"
    path.write_bytes(good())
    files = together([*[lambda: services.process(received().pk)] * 3, lambda: door.command(path)])
    assert ReceiptFile.objects.filter(state=State.DONE).count() == 1
    refused = ReceiptFile.objects.filter(state=State.FAILED)
    assert refused.count() == len(files) - 1
    assert {code for file in refused for code in codes(file)} == {"already-taken-in"}
    assert_once(good())


def test_two_workers_with_the_same_file_register_it_once() -> None:
    data = generating.make_file("shinjuku-120", "tax", datetime.date(2026, 4, 1), 3000, 3)
    file = received(data)
    together([lambda: tasks.process_receipt_file(file.pk)] * 4)
    assert_once(data)


def test_overlapping_files_at_once_give_the_book_of_one_after_the_other() -> None:
    records = data_of(good(records=600))
    parts = [records[:400], records[200:], records[100:500], records[::-1][:350]]
    files = [received(sealed(part)) for part in parts]
    together([partial(tasks.process_receipt_file, file.pk) for file in files])
    expected = plain.Book()
    expected.post("ntt-data", [plain.line("shinjuku-120", one) for one in records])
    assert book.payments() == expected.payments()
    done = list(ReceiptFile.objects.all())
    assert {one.state for one in done} == {State.DONE}
    assert sum(one.accepted for one in done) == len(records)
    assert sum(one.payments_created for one in done) == len(expected.types)
    assert door.in_vault() == []


def test_cancelling_and_registering_at_once_loses_nothing(staff: dict[str, Staff]) -> None:
    records = data_of(good(records=200))
    first = services.process(received(sealed(records[:150])).pk)
    second = received(sealed(records[100:]))
    together(
        [
            lambda: services.cancel(first, by=staff["tax01"], reason="試験"),
            lambda: tasks.process_receipt_file(second.pk),
        ]
    )
    expected = plain.Book()
    expected.post("ntt-data", [plain.line("shinjuku-120", one) for one in records[100:]])
    assert book.payments() == expected.payments()
    second.refresh_from_db()
    assert (second.accepted, second.duplicate) == (100, 0)
