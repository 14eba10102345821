"""The provider's own published test file: what the README shows first must come out as a person reads it."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pytest

from apps.payments.models import Payment
from apps.receipts import decoded, layouts
from apps.receipts.models import ReceiptLine
from tests.receipts import door, plain

pytestmark = pytest.mark.django_db(databases="__all__")

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = SAMPLES / "dsk_test_cp932.csv"
KEYS = """file sha256 layout state lines accepted duplicate rejected counts amounts payments_created
errors""".split()  # issue 2, section 2


@pytest.fixture
def run(reference: None) -> door.Run:
    return door.command(SAMPLE)


def test_all_16_lines_are_registered_by_type_as_in_the_file(run: door.Run) -> None:
    assert run.exit_code == 0
    assert (run["state"], run["layout"]) == ("完了", "dsk-csv")
    assert (run["lines"], run["accepted"], run["duplicate"], run["rejected"]) == (16, 16, 0, 0)
    assert run["counts"] == {"01": 6, "02": 5, "03": 1, "12": 2, "22": 2}
    assert run["payments_created"] == Payment.objects.count() == 10
    assert run["errors"] == []


def test_json_has_the_keys_the_issue_names(run: door.Run) -> None:
    assert set(KEYS) <= set(run.printed[0])
    assert run["sha256"] == "09e5c19bba8d04301cf06f679c982cc8f3adf795fb8d10ea723be48ded82a1f7"
    assert run["file"].endswith("dsk_test_cp932.csv") and run["layout"] == "dsk-csv"


def test_the_sample_is_the_provider_s_file_byte_for_byte() -> None:
    assert hashlib.sha256(SAMPLE.read_bytes()).hexdigest() == (
        "09e5c19bba8d04301cf06f679c982cc8f3adf795fb8d10ea723be48ded82a1f7"
    )
    assert "Shimoning" in (SAMPLES / "dsk_LICENSE.txt").read_text()


def test_every_field_of_the_first_line_is_what_a_person_reads(run: door.Run) -> None:
    line = ReceiptLine.objects.of(run.file).get(pk=run.file.first_line_id + 2)
    assert bytes(line.raw).decode("cp932") == (
        "01,20240112,1815,EAN91929023252070000010123499900199999900106050,000001,01234999001,0,10605,"
        '010,"セブン－イレブン",110001,0,20240117'
    )
    payment = Payment.objects.get(pk=line.pk)
    assert payment.received_on == datetime.date(2024, 1, 12)
    assert payment.received_time == "1815"
    assert payment.barcode == "91929023252070000010123499900199999900106050"
    assert payment.amount == 10605
    assert (payment.company_code, payment.store_code) == ("010", "110001")
    assert payment.brand is not None and payment.brand.name == "セブン-イレブン"
    assert payment.transfer_due_on is None and payment.accounted_on is None
    assert payment.agency.code == "dsk" and payment.occurrence == 1


def test_amounts_are_the_column_s_and_the_barcode_s(run: door.Run) -> None:
    found = plain.lines("dsk-csv", SAMPLE.read_bytes())
    assert (run["counts"], run["amounts"]) == plain.totals(found)
    assert run["amounts"] == {"01": 156832, "02": 146227, "03": 10605, "12": 50435, "22": 155220}
    for one in found:
        assert one.amount == int(one.bars[37:43]) and plain.whole(one.bars)
    assert sum(Payment.objects.values_list("amount", flat=True)) == sum(
        {one.key: one.amount for one in found}.values()
    )


def test_states_follow_from_the_lines(run: door.Run) -> None:
    states = {one.barcode[19:30]: one.get_state_display() for one in Payment.objects.all()}
    assert states == {
        "01234999001": "速報取消",
        **{f"{number:011d}": "確報" for number in range(1234999002, 1234999011)},
    }
    due = set(
        Payment.objects.filter(state=Payment.State.FINAL).values_list("transfer_due_on", flat=True)
    )
    assert due == {datetime.date(2024, 1, 24)}


def test_the_copy_is_deleted_after_the_same_bytes_were_written_from_the_lines(
    run: door.Run,
) -> None:
    assert run.file.purged_sha256 == run["sha256"]
    assert run.file.purged_at is not None and door.in_vault() == []


def test_the_error_file_is_refused_with_its_message(reference: None) -> None:
    before = door.row_counts()
    run = door.command(SAMPLES / "dsk_error_cp932.csv")
    assert run.exit_code == 2 and run.codes == ["provider-error"]
    message = run["errors"][0]["message"]
    assert "システム連携収納データダウンロード(CVS055_4203)にエラーが発生しました。" in message
    assert "認証に失敗しました。（0.0.0.0）" in message and "2023/12/15 05:00:00" in message
    after = door.row_counts()
    assert {key for key in after if after[key] != before[key]} == {
        "receipts.ReceiptFile",
        "receipts.FileIssue",
    }
    assert door.in_vault() == []


def test_a_dry_run_counts_as_the_real_one_and_leaves_nothing(reference: None) -> None:
    before = door.row_counts()
    dry = door.command(SAMPLE, "--dry-run")
    assert dry.exit_code == 0 and dry["dry_run"] is True
    assert door.row_counts() == before and door.in_vault() == []
    real = door.command(SAMPLE)
    assert {**dry.printed[0], "dry_run": False} == real.printed[0]


def test_the_first_line_decoded_for_the_screen(run: door.Run) -> None:
    line = ReceiptLine.objects.of(run.file).get(pk=run.file.first_line_id + 2)
    row = decoded.row_of(layouts.get("dsk-csv"), line.raw)
    assert (row.record, row.data_type, row.amount) == ("データ", "速報", 10605)
    assert [(one.field.label, one.text) for one in row.values] == [
        ("種別", "01"),
        ("収納日", "20240112"),
        ("収納時刻", "1815"),
        ("バーコード情報", "EAN91929023252070000010123499900199999900106050"),
        ("ユーザー使用欄１", "000001"),
        ("ユーザー使用欄２", "01234999001"),
        ("印紙フラグ", "0"),
        ("金額", "10605"),
        ("コンビニ本部コード", "010"),
        ("コンビニ名", "セブン－イレブン"),
        ("コンビニ店舗コード", "110001"),
        ("振込日", "0"),
        ("データ作成日", "20240117"),
    ]
