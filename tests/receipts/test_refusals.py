"""What refuses a whole file: named before anything is written, all of it at once."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError

from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts.models import ReceiptFile, ReceiptLine
from tests.receipts import door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

Import = Callable[..., door.Run]


def good(layout: str = "shinjuku-120", business: str = "tax", seed: int = 3) -> bytes:
    return generating.make_file(layout, business, datetime.date(2026, 4, 1), 20, seed)


@pytest.mark.parametrize("layout", door.LAYOUTS)
@pytest.mark.parametrize("chosen", door.LAYOUTS)
def test_a_wrong_choice_of_layout_is_named(layout: str, chosen: str, import_file: Import) -> None:
    run = import_file(good(layout), "--layout", chosen)
    if chosen == layout:
        assert run.exit_code == 0
        return
    assert run.exit_code == 2 and run.codes == ["layout-mismatch"]
    assert run["errors"][0]["message"] == (
        f"このファイルは {layout} の形をしていますが、{chosen} が選ばれています。"
    )
    assert not ReceiptLine.objects.exists() and door.in_vault() == []


@pytest.mark.parametrize("layout", door.LAYOUTS)
def test_a_wrong_choice_of_business_is_named(layout: str, import_file: Import) -> None:
    run = import_file(good(layout, "nhi"), "--business", "tax")
    assert run.exit_code == 2 and run.codes == ["business-mismatch"]
    message = run["errors"][0]["message"]
    assert "13102" in message and "国民健康保険" in message and "選ばれた業務は" in message
    assert not Payment.objects.exists() and door.in_vault() == []


def test_a_business_that_is_not_there_is_named(import_file: Import) -> None:
    run = import_file(good(), "--business", "water")
    assert run.exit_code == 2 and run.codes == ["business-not-there"]
    assert "water" in run["errors"][0]["message"] and "tax" in run["errors"][0]["remedy"]


def test_a_layout_that_is_not_there_is_no_option(import_file: Import) -> None:
    with pytest.raises(CommandError, match="--layout"):
        import_file(good(), "--layout", "smbc-121")


def test_the_same_file_again_names_when_by_whom_and_which(import_file: Import) -> None:
    first = import_file(good(), name="april.dat")
    before = door.row_counts()
    again = import_file(good(), name="copy.dat")
    assert again.exit_code == 2 and again.codes == ["already-taken-in"]
    file = ReceiptFile.objects.get(state=ReceiptFile.State.DONE)
    message = again["errors"][0]["message"]
    when = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=9)
    assert f"令和{when.year - 2018}年{when.month}月{when.day}日" in message
    assert "コマンド（" in message
    assert f"受信ファイル {file.pk}「april.dat」" in message
    assert first["payments_created"] == Payment.objects.count()
    after = door.row_counts()
    assert {key for key in after if after[key] != before[key]} == {
        "receipts.ReceiptFile",
        "receipts.FileIssue",
    }


def test_a_failed_file_may_come_again(import_file: Import) -> None:
    assert import_file(good(), "--business", "nhi").exit_code == 2
    assert import_file(good()).exit_code == 0


def test_every_error_of_a_file_is_listed_at_once(import_file: Import) -> None:
    """One of each sort in one file: none hides another."""
    records = [bytearray(one) for one in plain.records("shinjuku-120", good())]
    records[0][1:9] = b"20261345"  # header: no day
    records[2][3:11] = b"20260231"  # line 3: no day
    records[3][11:15] = b"2460"  # line 4: no time
    records[4][59:60] = b"%d" % ((records[4][59] - 48 + 1) % 10)  # line 5: check digit
    records[5][63:70] = b"\x00" * 7  # line 6: store
    records[6][1:3] = b"XX"  # line 7: data type
    records[7][0:1] = b"5"  # line 8: record type
    del records[8][-1:]  # line 9: length
    records[-1][1:9] = b"00000009"
    run = import_file(b"\r\n".join(records) + b"\r\n")
    found = {(one["line"], one["code"]) for one in run["errors"]}
    assert run.exit_code == 2
    assert found >= {
        (1, "date-unreadable"),
        (3, "date-unreadable"),
        (4, "time-unreadable"),
        (5, "check-digit"),
        (6, "encoding"),
        (7, "data-type-unreadable"),
        (8, "record-type-unknown"),
        (9, "record-length"),
        (len(records), "total-mismatch"),
    }
    assert not ReceiptLine.objects.exists() and not Payment.objects.exists()
    end = next(one for one in run["errors"] if one["field"] == "レコード総件数")
    assert end["message"] == (
        f"レコード総件数が合いません。ファイルの値 9件、数えた値 {len(records)}件、差 {9 - len(records)}件。"
    )


def test_an_error_says_line_field_place_and_value(import_file: Import, day: datetime.date) -> None:
    data = generating.make_file("shinjuku-120", "tax", day, 20, 3, kind="bad-date")
    one = import_file(data)["errors"][0]
    assert set(one) == set("line record_type field offset value code message remedy".split())
    assert (one["record_type"], one["field"], one["offset"]) == ("2", "収納日付", 3)
    assert one["value"] == "20260231"
    assert one["message"] == "収納日付「20260231」は日付（年月日8桁）ではありません。"


def test_a_nul_byte_anywhere_is_named(import_file: Import) -> None:
    """PostgreSQL keeps no NUL in a text; the name of the fault must not fail for it."""
    data = good()
    for place in (0, 5, 15, 122, 123, 125, 140, 190, len(data) - 122, len(data) - 100):
        run = import_file(data[:place] + b"\0" + data[place + 1 :], "--layout", "shinjuku-120")
        assert run.exit_code in (1, 2) and run.codes and "crashed" not in run.codes


def test_too_many_errors_end_the_list_and_say_so(import_file: Import, day: datetime.date) -> None:
    data = generating.make_file("shinjuku-120", "tax", day, 11_000, 3)
    records = plain.records("shinjuku-120", data)
    records[1:-2] = [one[:11] + b"2460" + one[15:] for one in records[1:-2]]
    run = import_file(b"".join(one + b"\r\n" for one in records), "--layout", "shinjuku-120")
    assert run.exit_code == 2 and len(run.codes) <= 10_001
    assert "指摘が多いため、ここで検証をやめました。" in run["errors"][-1]["message"]
    assert not ReceiptLine.objects.exists()


@pytest.mark.parametrize("layout", door.LAYOUTS)
@pytest.mark.parametrize("kind", [None, "bad-date", "truncated", "other-business"])
def test_a_dry_run_says_what_the_real_one_would_and_writes_nothing(
    layout: str, kind: str | None, import_file: Import, day: datetime.date
) -> None:
    import_file(good(layout, seed=9), name="earlier.dat")  # so that some lines are duplicates
    data = generating.make_file(layout, "tax", day, 20, 3, kind=kind)
    before = door.row_counts()
    dry = import_file(data, "--dry-run")
    assert door.row_counts() == before and door.in_vault() == []
    real = import_file(data)
    assert {**dry.printed[0], "dry_run": False} == real.printed[0]
    assert dry.exit_code == real.exit_code


def test_a_dry_run_of_a_file_already_taken_in_says_so(import_file: Import) -> None:
    import_file(good())
    dry = import_file(good(), "--dry-run")
    assert dry.exit_code == 2 and dry.codes == ["already-taken-in"]


def test_the_business_may_show_only_after_many_bad_lines(
    import_file: Import, day: datetime.date
) -> None:
    """A header without payee and a hundred unreadable barcodes: the rest still says whose file it is."""
    records = plain.records("smbc-120", generating.make_file("smbc-120", "tax", day, 130, 3))
    records = [
        one[:16] + b"X" + one[17:] if 1 <= at <= 110 else one for at, one in enumerate(records)
    ]
    run = import_file(b"".join(one + b"\r\n" for one in records), "--layout", "smbc-120")
    assert (run.exit_code, run["business"], run["rejected"]) == (1, "tax", 110), run.codes[-1]
    assert run["accepted"] + run["duplicate"] == 20


def test_what_is_no_file_is_a_sentence(reference: None, own_folders: Path) -> None:
    (own_folders / "folder").mkdir()
    run = door.command(own_folders / "folder", own_folders / "nowhere.dat")
    assert run.exit_code == 2
    assert [one["errors"][0]["message"] for one in run.printed] == [
        "開けませんでした（フォルダです）。",
        "開けませんでした（ファイルがありません）。",
    ]
    os.mkfifo(own_folders / "pipe")
    run = door.command(own_folders / "pipe")
    assert run.exit_code == 2 and run.codes == ["not-opened"]


def test_the_text_for_people_names_counts_and_remedies(
    reference: None, own_folders: Path, day: datetime.date, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import call_command

    path = own_folders / "a.dat"
    path.write_bytes(generating.make_file("shinjuku-120", "tax", day, 20, 3, kind="bad-date"))
    with pytest.raises(SystemExit) as ended:
        call_command("import_receipts", str(path))
    said = capsys.readouterr().out
    assert ended.value.code == 1
    assert "一部エラー" in said and "20行 = 登録 19 + 重複 0 + エラー 1" in said
    assert "正しい日付を送信元に確かめてください。（date-unreadable）" in said
