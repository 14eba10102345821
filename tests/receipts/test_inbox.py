"""受信箱: settled regular files are taken in and removed; everything else stays and is recorded."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

import pytest

from apps.accesslog.models import AccessRecord
from apps.payments.models import Payment
from apps.receipts import generating, services, tasks
from apps.receipts.models import ReceiptFile

pytestmark = [
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.usefixtures("reference"),
]

State = ReceiptFile.State


@pytest.fixture
def folder(own_folders: Path) -> Path:
    return own_folders / "inbox"


def good(seed: int = 3) -> bytes:
    return generating.make_file("shinjuku-120", "tax", datetime.date(2026, 4, 1), 20, seed)


def put(folder: Path, name: str, content: bytes, age: float = 60) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return path


def scanned() -> list[str]:
    """What the inbox task made, as states; tasks run at once in the test settings."""
    before = ReceiptFile.objects.count()
    tasks.scan_inbox()
    return [one.state for one in ReceiptFile.objects.order_by("pk")[before:]]


def test_a_file_put_there_becomes_payments_and_is_removed(folder: Path) -> None:
    path = put(folder, "a.dat", good())
    assert scanned() == [State.DONE]
    file = ReceiptFile.objects.get()
    assert (file.door, file.received_by_name, file.name) == ("inbox", "受信箱", "a.dat")
    assert not path.exists() and Payment.objects.exists() and file.purged_at
    assert scanned() == []


def test_a_file_still_being_written_is_left_alone(folder: Path) -> None:
    path = put(folder, "a.dat", good()[:500], age=0)
    assert scanned() == [] and path.read_bytes() == good()[:500]
    put(folder, "a.dat", good(), age=60)
    assert scanned() == [State.DONE]


def test_a_file_that_grew_meanwhile_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder, "a.dat", good()[: 122 * 10])
    take_in = services.take_in

    def writing_on(*args: object, **options: object) -> ReceiptFile:
        file = take_in(*args, **options)  # type: ignore[arg-type]
        with open(path, "ab") as stream:
            stream.write(good()[122 * 10 :])
        return file

    monkeypatch.setattr(services, "take_in", writing_on)
    assert scanned() == [State.FAILED]  # half a file is refused by name
    assert path.read_bytes() == good(), "what came meanwhile is not lost"
    monkeypatch.undo()
    os.utime(path, (time.time() - 60,) * 2)
    assert scanned() == [State.DONE] and not path.exists()


def test_the_same_name_twice_is_two_files(folder: Path) -> None:
    put(folder, "daily.dat", good(3))
    assert scanned() == [State.DONE]
    put(folder, "daily.dat", good(4))
    assert scanned() == [State.DONE]


def test_the_same_content_twice_is_named_and_removed(folder: Path) -> None:
    put(folder, "a.dat", good())
    put(folder, "b.dat", good())
    assert sorted(scanned()) == [State.DONE, State.FAILED]
    failed = ReceiptFile.objects.get(state=State.FAILED)
    assert [one.code for one in failed.issues.all()] == ["already-taken-in"]
    assert list(folder.iterdir()) == []


def test_a_link_is_refused_and_what_it_points_at_untouched(folder: Path, own_folders: Path) -> None:
    outside = put(own_folders, "outside.dat", good())
    (folder / "link.dat").symlink_to(outside)
    (folder / "dangling.dat").symlink_to(own_folders / "nowhere")
    assert scanned() == []
    assert outside.exists() and (folder / "link.dat").is_symlink()
    refused = AccessRecord.objects.filter(action="受信", result="拒否")
    assert {one.target for one in refused} == {"受信箱 link.dat", "受信箱 dangling.dat"}


def test_what_stays_is_recorded_once_not_every_quarter_minute(folder: Path) -> None:
    (folder / "staying.dat").symlink_to(folder / "nowhere")
    for _ in range(3):
        assert scanned() == []
    assert AccessRecord.objects.filter(target="受信箱 staying.dat", result="拒否").count() == 1


def test_a_folder_and_a_pipe_are_refused_without_waiting(folder: Path) -> None:
    (folder / "sub").mkdir()
    put(folder / "sub", "inside.dat", good())
    os.mkfifo(folder / "pipe.dat")
    began = time.monotonic()
    assert scanned() == []
    assert time.monotonic() - began < 5
    assert (folder / "sub" / "inside.dat").exists() and (folder / "pipe.dat").exists()
    refused = AccessRecord.objects.filter(action="受信", result="拒否")
    assert {one.target for one in refused} == {"受信箱 sub", "受信箱 pipe.dat"}


@pytest.mark.parametrize("name", [".a.dat", "a.dat.part", "a.tmp", "a.filepart", "a.crdownload"])
def test_hidden_and_temporary_names_are_passed_over(name: str, folder: Path) -> None:
    path = put(folder, name, good())
    assert scanned() == [] and path.exists()
    assert not AccessRecord.objects.filter(result="拒否").exists()


def test_a_bad_file_is_refused_by_name_and_removed(folder: Path) -> None:
    put(folder, "x.dat", b"")
    assert scanned() == [State.FAILED] and list(folder.iterdir()) == []


def test_rejected_lines_wait_for_a_person(folder: Path) -> None:
    data = generating.make_file(
        "shinjuku-120", "tax", datetime.date(2026, 4, 1), 20, 3, kind="bad-date"
    )
    put(folder, "a.dat", data)
    assert scanned() == [State.FAILED]
    file = ReceiptFile.objects.get()
    assert file.retryable and not Payment.objects.exists()
    assert "partial-not-chosen" in file.issues.values_list("code", flat=True)


def test_one_bad_name_does_not_stop_the_others(folder: Path) -> None:
    os.mkfifo(folder / "a")
    put(folder, "日本語 の名前.dat", good(3))
    (folder / os.fsdecode(b"\x82\xa0.dat")).write_bytes(good(4))  # a name that is no UTF-8
    os.utime(folder / os.fsdecode(b"\x82\xa0.dat"), (0, 0))
    assert scanned() == [State.DONE, State.DONE]


def test_when_the_disk_is_full_the_only_copy_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(folder, "a.dat", good())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert scanned() == [State.FAILED] and path.exists()
    monkeypatch.undo()
    assert scanned() == [State.DONE] and not path.exists()
