"""Layouts are data: validated as a whole when read, added and corrected without a release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks

from apps.receipts import layouts

SHINJUKU = (layouts.SHIPPED / "shinjuku-120.toml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(settings, "RECEIPTS_DIR", tmp_path)
    added = tmp_path / "layouts"
    added.mkdir()
    layouts.all_layouts.cache_clear()
    yield added
    layouts.all_layouts.cache_clear()


def faults(text: str, folder: Path) -> str:
    path = folder / "tried.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(layouts.LayoutError) as raised:
        layouts.load(path)
    return str(raised.value)


def test_the_shipped_layouts_are_the_five(folder: Path) -> None:
    assert set(layouts.all_layouts()) == {
        "shinjuku-120",
        "smbc-120",
        "mufj-120",
        "atpayment-97",
        "dsk-csv",
    }


def test_a_higher_version_takes_the_place_of_the_shipped_one(folder: Path) -> None:
    text = SHINJUKU.replace("version = 1", "version = 2").replace("unconfirmed", "confirmed")
    (folder / "ward.toml").write_text(text, encoding="utf-8")
    assert layouts.get("shinjuku-120").version == 2 and layouts.get("shinjuku-120").confirmed


def test_a_faulty_added_file_is_left_out_and_named_by_the_system_check(folder: Path) -> None:
    (folder / "ward.toml").write_text("code = ", encoding="utf-8")
    assert layouts.get("shinjuku-120").version == 1
    found = [one for one in run_checks() if one.id == "receipts.W001"]
    assert len(found) == 1 and "ward.toml" in found[0].msg


def test_every_fault_is_named_at_once(folder: Path) -> None:
    text = SHINJUKU.replace(
        'offset = 11, length = 4, kind = "time"', 'offset = 12, length = 4, kind = "hour"'
    )
    said = faults(text, folder)
    assert "data.received_time の kind「hour」はありません" in said
    assert "data.received_time は 11 バイト目から始まるはずです（12）" in said


def test_a_wrong_record_length_is_named(folder: Path) -> None:
    said = faults(SHINJUKU.replace("record_length = 120", "record_length = 121"), folder)
    assert "120 が record_length 121 と違います" in said


def test_a_control_total_of_no_field_is_named(folder: Path) -> None:
    said = faults(SHINJUKU.replace('field = "final_count"', 'field = "final_counts"'), folder)
    assert "合計欄 final_counts がありません" in said


def test_a_key_that_would_have_no_effect_is_named(folder: Path) -> None:
    said = faults(SHINJUKU + '\namount_from_column = ["22"]\n', folder)
    assert "records.end に知らない記述 amount_from_column" in said
