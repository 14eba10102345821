"""The vault when the disk is full, the copy damaged, a crash left something behind."""

from __future__ import annotations

import builtins
import datetime
import errno
import io
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.payments.models import Payment
from apps.receipts import generating, inbox, services, vault
from apps.receipts.models import ReceiptFile, ReceiptLine
from tests.receipts import door

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("reference", "acting"),
]

State = ReceiptFile.State
Import = Callable[..., door.Run]


def good(records: int = 20) -> bytes:
    return generating.make_file("shinjuku-120", "tax", datetime.date(2026, 4, 1), records, 3)


def taken_in(data: bytes) -> ReceiptFile:
    return services.take_in(
        io.BytesIO(data),
        name="a.dat",
        door=ReceiptFile.Door.WEB,
        received_by=None,
        received_by_name="試験",
    )


def codes(file: ReceiptFile) -> list[str]:
    return list(file.issues.filter(effect="refuse").values_list("code", flat=True))


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_disk_that_fills_while_storing(
    after: int, import_file: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC from the first, second or third write of the copy."""
    real = builtins.open

    class Full(io.FileIO):
        writes = 0

        def write(self, data: Any) -> int:
            Full.writes += 1
            if Full.writes > after:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    def opened(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        return Full(path, "x") if mode == "xb" else real(path, mode, *args, **options)

    monkeypatch.setattr(builtins, "open", opened)
    run = import_file(good(30_000))
    monkeypatch.undo()
    assert run.exit_code == 2 and run.codes == ["disk-full"]
    assert "何も登録していません" in run["errors"][0]["message"]
    assert door.in_vault() == [] and not ReceiptLine.objects.exists()
    assert import_file(good()).exit_code == 0


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A real file system of 256 KiB under the vault, where the tests may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a tmpfs cannot be mounted here; the monkeypatched test covers ENOSPC")
    settings.RECEIPTS_DIR = folder
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_really_full_disk(small_disk: Path, import_file: Import) -> None:
    run = import_file(good(5000))
    assert run.exit_code == 2 and run.codes == ["disk-full"] and door.in_vault() == []
    assert import_file(good(100)).exit_code == 0


def test_a_dry_run_on_a_full_disk_is_a_sentence(
    import_file: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = import_file(good(), "--dry-run")
    assert run.exit_code == 2 and run.codes == ["disk-full"] and door.in_vault() == []


def test_another_storage_error_is_named(
    import_file: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    run = import_file(good())
    assert run.exit_code == 2 and run.codes == ["store-failed"]
    assert "Input/output error" in run["errors"][0]["message"] and door.in_vault() == []


@pytest.mark.parametrize(
    "place", ["magic", "prefix", "length", "frame", "tag", "cut", "more", "gone"]
)
def test_a_damaged_copy_is_never_read_as_data(place: str) -> None:
    file = taken_in(good(9000))
    path = vault.folder() / file.stored_as
    data = bytearray(path.read_bytes())
    if place == "gone":
        path.unlink()
    else:
        at = {"magic": 0, "prefix": 8, "length": 15, "frame": 5000, "tag": len(data) - 1}.get(place)
        if at is not None:
            data[at] ^= 1
        elif place == "cut":
            data = data[: len(data) // 2]
        else:
            data += b"\x00\x00\x00\x01x"
        path.write_bytes(data)
    file = services.process(file.pk)
    assert file.state == State.FAILED and codes(file) == ["copy-damaged"]
    assert not ReceiptLine.objects.exists() and not Payment.objects.exists()
    assert not file.retryable and door.in_vault() == []


def test_a_copy_cut_at_a_frame_border_is_found(own_folders: Path) -> None:
    stored = vault.store(io.BytesIO(b"x" * (2 * vault.FRAME + 5)), limit=2**40)
    path = vault.folder() / stored.name
    data = path.read_bytes()
    first = 6 + 8
    for frames in (0, 1, 2):
        path.write_bytes(data[: first + frames * (4 + vault.FRAME + 16)])
        with pytest.raises(vault.Damaged):
            list(vault.read(stored.name))


def test_the_copy_holds_nothing_readable(own_folders: Path) -> None:
    stored = vault.store(io.BytesIO(good()), limit=2**40)
    data = (vault.folder() / stored.name).read_bytes()
    assert all(one not in data for one in (good()[:20], good()[122:180]))
    assert vault.folder().stat().st_mode & 0o077 == 0
    assert b"".join(vault.read(stored.name)) == good()


def test_what_a_crash_left_in_the_vault_goes_after_an_hour(own_folders: Path) -> None:
    file = taken_in(good())
    left = vault.folder() / "0123456789abcdef0123456789abcdef"
    left.write_bytes(b"x")
    (vault.folder() / "1.part").write_bytes(b"x")
    assert inbox.sweep_vault() == 0
    for path in vault.folder().iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    assert inbox.sweep_vault() == 2 and door.in_vault() == [file.stored_as]


def test_where_the_bytes_differ_the_copy_stays_and_a_person_is_told(
    staff: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.organization.models import Notice
    from apps.receipts.registering import rewrite

    monkeypatch.setattr(rewrite, "sha256", lambda file: "0" * 64)
    file = taken_in(good())
    ReceiptFile.objects.filter(pk=file.pk).update(received_by=staff["tax01"])
    file = services.process(file.pk)
    assert file.state == State.DONE and file.purged_at is None
    assert door.in_vault() == [file.stored_as]
    assert list(file.issues.values_list("code", flat=True).filter(code="copy-differs"))
    assert Notice.objects.get().staff == staff["tax01"]
    monkeypatch.undo()
    assert services.purge(file) and door.in_vault() == []
