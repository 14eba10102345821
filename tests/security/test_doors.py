"""What acts outside a request: every task and every command of ours has an actor and a record."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as django_settings
from django.core.management import call_command, get_commands
from django.db import transaction

from apps.accesslog import services
from apps.accesslog.models import AccessRecord
from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts import services as receipts
from apps.receipts.models import ReceiptFile
from apps.receipts.tasks import resume_after_restart
from tests.security.conftest import DAY, Ward

pytestmark = pytest.mark.django_db(databases="__all__")


@dataclass(frozen=True)
class Door:
    """Who acts by it, and what it must have recorded after `arrange` gave it something to do."""

    actor: str
    action: str
    arrange: Callable[[Path], tuple[Any, ...]]


def a_received_file(folder: Path) -> tuple[int]:
    path = a_path(folder)[0]
    with services.acting_as(services.Actor("system:試験")), open(path, "rb") as stream:
        file = receipts.take_in(
            stream,
            name="door.dat",
            door=ReceiptFile.Door.WEB,
            received_by=None,
            received_by_name="試験",
        )
    return (file.pk,)


def a_path(folder: Path) -> tuple[str]:
    path = folder / "door.dat"
    path.write_bytes(generating.make_file("shinjuku-120", "tax", DAY, 10, 50))
    return (str(path),)


def in_the_inbox(folder: Path) -> tuple[()]:
    inbox = Path(django_settings.RECEIPTS_INBOX)
    inbox.mkdir(exist_ok=True)
    path = inbox / "inbox.dat"
    path.write_bytes(generating.make_file("shinjuku-120", "tax", DAY, 10, 51))
    os.utime(path, (time.time() - 60, time.time() - 60))
    return ()


def nothing(folder: Path) -> tuple[()]:
    return ()


TASKS = {
    "apps.receipts.tasks.process_receipt_file": Door("system:取込", "取込", a_received_file),
    "apps.receipts.tasks.scan_inbox": Door("system:受信箱", "受信", in_the_inbox),
    # It touches only what died; tests/receipts shows that. Here: it has an actor.
    "apps.receipts.tasks.watch_imports": Door("system:取込の見張り", "", nothing),
}

COMMANDS = {
    "import_receipts": Door("command:import_receipts（", "受信", a_path),
    "load_reference": Door("command:load_reference（", "参照データの読込", nothing),
    "load_demo": Door("command:load_demo（", "試用データの読込", nothing),
    # These two read nothing of the ward and write nothing to it.
    "list_settings": Door("", "", nothing),
    "make_receipts": Door(
        "",
        "",
        lambda folder: (
            "--layout", "shinjuku-120", "--business", "tax", "--records", "5", "-o", str(folder)
        ),
    ),
}  # fmt: skip


def test_every_task_has_a_row() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == set(TASKS)
    assert {row["task"] for row in django_settings.CELERY_BEAT_SCHEDULE.values()} <= ours


def test_every_command_of_ours_has_a_row() -> None:
    ours = {name for name, app in get_commands().items() if app.startswith("apps.")}
    assert ours == set(COMMANDS)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_acts_under_its_name(
    ward: Ward, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = TASKS[name]
    arguments = door.arrange(tmp_path)
    asked: list[str] = []
    for act in ("process", "recover"):
        real = getattr(receipts, act)

        def noted(*given: Any, real: Any = real, **named: Any) -> Any:
            asked.append(services.current_actor().name)
            return real(*given, **named)

        monkeypatch.setattr(receipts, act, noted)
    before = AccessRecord.objects.latest("pk").pk
    current_app.tasks[name].apply(arguments, throw=True)
    records = list(AccessRecord.objects.filter(pk__gt=before))
    assert {one.actor for one in records} <= {door.actor}
    assert not door.action or door.action in {one.action for one in records}
    assert {door.actor} == set(asked) | {one.actor for one in records}


def test_a_task_may_run_twice(ward: Ward, tmp_path: Path) -> None:
    (pk,) = a_received_file(tmp_path)
    task = current_app.tasks["apps.receipts.tasks.process_receipt_file"]
    task.apply((pk,), throw=True)
    first = ReceiptFile.objects.get(pk=pk)
    records = AccessRecord.objects.count()
    task.apply((pk,), throw=True)
    again = ReceiptFile.objects.get(pk=pk)
    assert (again.state, again.run, again.finished_at) == (
        first.state,
        first.run,
        first.finished_at,
    )
    assert AccessRecord.objects.count() == records


def test_what_a_starting_worker_does_has_an_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "apps.receipts.tasks.services.recover",
        lambda **named: asked.append(services.current_actor().name),
    )
    resume_after_restart()
    assert asked == ["system:ワーカー起動"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_acts_for_the_person_at_the_keyboard(
    ward: Ward, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("LOGNAME", "someone-else")
    monkeypatch.setenv("USER", "someone-else")
    door = COMMANDS[name]
    arguments = door.arrange(tmp_path)
    before = AccessRecord.objects.latest("pk").pk
    call_command(name, *arguments)
    records = list(AccessRecord.objects.filter(pk__gt=before))
    assert all(one.actor.startswith(door.actor) and door.actor for one in records)
    assert not any("someone-else" in one.actor for one in records)
    assert {door.action} <= {one.action for one in records} | {""}
    with pytest.raises(services.NoActor):
        services.current_actor()


@pytest.mark.parametrize("dry", [False, True])
def test_a_command_that_cannot_record_does_not_answer(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, dry: bool
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    (path,) = a_path(tmp_path)
    monkeypatch.setattr("apps.accesslog.models.AccessRecord.objects.create", refuse)
    with pytest.raises(SystemExit) as ended:
        call_command("import_receipts", path, *(["--dry-run"] if dry else []))
    # A sentence, and nothing of what is in the file.
    said = capsys.readouterr().out
    assert ended.value.code == 2 and "database-gone" in said and "種別" not in said


def test_without_an_actor_or_a_record_nothing_is_done(
    ward: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = a_path(tmp_path)

    def everything() -> list[Any]:
        files = ReceiptFile.objects.order_by("pk").values_list("pk", "state", "cancelled_at")
        return [*files, *Payment.objects.order_by("pk").values_list("pk", "state")]

    def take_in() -> None:
        with open(path, "rb") as stream:
            receipts.take_in(
                stream,
                name="x.dat",
                door=ReceiptFile.Door.WEB,
                received_by=None,
                received_by_name="x",
            )

    acts = [
        take_in,
        lambda: receipts.cancel(ward.own[0], by=ward.people["own"], reason="名のらずに"),
        lambda: receipts.retry(ward.own[1], by=ward.people["own"], accept_partial=True),
    ]
    before = everything()
    for act in acts:
        with pytest.raises(services.NoActor), transaction.atomic():
            act()
        assert everything() == before

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("apps.accesslog.models.AccessRecord.objects.create", refuse)
    for act in acts:
        with (
            services.acting_as(services.Actor("system:試験")),
            pytest.raises(services.RecordNotWritten),
            transaction.atomic(),
        ):
            act()
        assert everything() == before
