"""Invented receipt files: right in everything but the one fault asked for, and always the same."""

import csv
import datetime
import io
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from apps.receipts import agencies, barcode, free_fields, generating, layouts
from apps.receipts.generating import breaking, days, slips

LAYOUTS = ["shinjuku-120", "smbc-120", "mufj-120", "atpayment-97", "dsk-csv"]
FIXED = LAYOUTS[:-1]
BUSINESSES = {"tax": "13101", "nhi": "13102", "ltc": "13103", "elderly": "13104"}
DAY = datetime.date(2026, 4, 1)
VECTORS = [  # receipt-files.md b.2
    "91912345012345678901234567890101033101230003",
    "91942386178953917853935692730103073110312903",
    "91929023252070000010123499900199999900106050",
    "91929023252070000010123499900399999911066327",
    "91929023219420000000000037554399999999999999",
]


@dataclass(frozen=True)
class Row:
    data_type: str
    received_on: str
    time: str
    bars: str
    company: str
    store: str
    amount: int
    transfer_due_on: str
    raw: bytes

    @property
    def key(self) -> tuple[str, ...]:
        return self.received_on, self.time, self.bars, self.company, self.store


def _legacy(block: str) -> str:
    """The legacy block of receipt-files.md a.1, read as its table says and not as the layout."""
    country, finance, check = block[0], block[1:6], block[6]
    company, first, second = block[9:14], block[14:20], block[22:33]
    stamp, due, amount = block[33], block[34:40], block[40:46]
    return "91" + country + finance + company + first + second + due + stamp + amount + check


def rows_of(layout_code: str, data: bytes) -> list[Row]:
    """Data rows by the byte tables of receipt-files.md and design.md 7."""
    if layout_code == "dsk-csv":
        lines = data.decode("cp932").split("\r\n")
        return [
            Row(
                one[0],
                one[1],
                one[2],
                one[3].removeprefix("EAN"),
                one[8],
                one[10],
                int(one[7]),
                one[11].strip("0"),
                line.encode("cp932"),
            )
            for line, one in zip(lines[1:], csv.reader(lines[1:]), strict=True)
        ]
    rows = []
    for raw in lines_of(layout_code, data):
        text = raw.decode("cp932")
        if text[0] != "2":
            continue
        if layout_code == "atpayment-97":
            bars, amount = text[6:50], int(text[60:69])
            rest = ("0" + text[2], text[69:77], "", bars, text[85:90], text[90:97])
            due = text[77:85]
        elif layout_code == "mufj-120":
            bars = text[15:59]
            amount = int(bars[37:43])
            rest = (text[1:3], text[3:11], text[11:15], bars, text[101:105], text[62:69])
            due = text[77:85]
        else:
            bars = text[16:60] if text[16:60].isdigit() else _legacy(text[16:63])
            amount = int(bars[37:43])
            rest = (text[1:3], text[3:11], text[11:15], bars, text[96:102], text[63:70])
            due = text[80:88]
        rows.append(Row(*rest, amount, due.strip(), raw))
    return rows


def lines_of(layout_code: str, data: bytes) -> list[bytes]:
    length = 97 if layout_code == "atpayment-97" else 120
    if b"\r\n" in data or b"\n" in data:
        return data.splitlines()
    return [data[at : at + length] for at in range(0, len(data), length)]


def made_days(layout_code, records=600, count=24, seed=5):
    return [
        (day, rows_of(layout_code, data))
        for _, day, data in generating.make_days(
            layout_code, "tax", count=count, records=records, seed=seed, start=DAY
        )
    ]


@pytest.mark.parametrize("digits", VECTORS)
def test_check_digit_of_known_barcodes(digits):
    assert barcode.check_digit(digits[:43]) == digits[43]


def test_check_digits_of_many_barcodes_at_once():
    known = np.frombuffer("".join(VECTORS).encode(), np.uint8).reshape(-1, 44)
    assert barcode.check_digits_right(known).all()
    rng = np.random.default_rng(0)
    some = rng.integers(48, 58, (500, 50), dtype=np.uint8)
    expected = [int(barcode.check_digit(bytes(row[:43]).decode())) for row in some]
    assert barcode.check_digits(some).tolist() == expected
    assert not barcode.check_digits_right(known[:, ::-1]).all()


@pytest.mark.parametrize("digits", ["", "1" * 42, "1" * 44, "1" * 42 + "A", "１" * 43])
def test_check_digit_wants_43_digits(digits):
    with pytest.raises(ValueError, match="43桁"):
        barcode.check_digit(digits)


def test_free_field_of_each_business_splits_and_joins():
    for business, payee in BUSINESSES.items():
        digits = payee + "1252400012345030"
        parts = free_fields.split(business, digits)
        assert parts["payee_code"] == payee
        assert "".join(parts.values()) == digits
        assert free_fields.get(business).join(parts) == digits
        assert not free_fields.get(business).confirmed
    assert free_fields.split("tax", "131011252400012345030") == {
        "payee_code": "13101",
        "process": "1",
        "levy_year": "25",
        "for_year": "24",
        "notice_number": "00012345",
        "term": "03",
        "arrears": "0",
    }
    assert (
        free_fields.get("nhi").labelled("131022500000000012345")["納付書番号"] == "00000000012345"
    )
    with pytest.raises(ValueError, match="21桁"):
        free_fields.split("tax", "13101")


@pytest.mark.parametrize("layout_code", LAYOUTS)
@pytest.mark.parametrize("records", [0, 1, 2, 19, 20, 21, 1000])
def test_one_file_holds_exactly_the_records_asked_for(layout_code, records):
    data = generating.make_file(layout_code, "tax", DAY, records, 1)
    assert len(rows_of(layout_code, data)) == records


@pytest.mark.parametrize("layout_code", LAYOUTS)
def test_same_arguments_give_the_same_bytes(layout_code):
    first = generating.make_file(layout_code, "tax", DAY, 500, 7)
    assert first == generating.make_file(layout_code, "tax", DAY, 500, 7)
    assert first != generating.make_file(layout_code, "tax", DAY, 500, 8)
    assert first != generating.make_file(layout_code, "ltc", DAY, 500, 7)
    assert made_days(layout_code, 60, 4) == made_days(layout_code, 60, 4)


def test_a_file_longer_than_a_block_has_no_slip_twice_but_for_double_payments():
    records = slips.BLOCK * 5 // 2
    data = generating.make_file("shinjuku-120", "tax", DAY, records, 1)
    rows = rows_of("shinjuku-120", data)
    assert len(rows) == records
    finals = Counter(row.bars[8:29] for row in rows if row.data_type == "02")
    twice = sum(times > 1 for times in finals.values())
    assert 0 < twice < len(finals) / 300


@pytest.mark.parametrize("layout_code", FIXED)
@pytest.mark.parametrize("newline", ["crlf", "lf", "none"])
def test_every_fixed_record_has_its_length_and_newline(layout_code, newline):
    layout = layouts.get(layout_code)
    if newline not in layout.newlines:
        with pytest.raises(generating.GeneratingError, match="改行"):
            generating.make_file(layout_code, "tax", DAY, 30, 1, newline=newline)
        return
    data = generating.make_file(layout_code, "tax", DAY, 30, 1, newline=newline)
    end = {"crlf": b"\r\n", "lf": b"\n", "none": b""}[newline]
    step = layout.record_length + len(end)
    assert len(data) % step == 0
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    assert all(piece.endswith(end) and piece[:1] in b"1289" for piece in pieces)
    kinds = "".join(chr(piece[0]) for piece in pieces)
    assert kinds.startswith("12") and kinds.endswith("289")


@pytest.mark.parametrize("layout_code", LAYOUTS)
@pytest.mark.parametrize("business", BUSINESSES)
def test_every_value_is_one_that_the_layout_and_agency_know(layout_code, business):
    layout = layouts.get(layout_code)
    table = agencies.all_tables()[layout.agency]
    known = {code.partition("+")[0] for code in table.companies}
    rows = rows_of(layout_code, generating.make_file(layout_code, business, DAY, 400, 3))
    for row in rows:
        assert row.data_type in layout.data_types.values()
        assert barcode.check_digit(row.bars[:43]) == row.bars[43]
        assert row.bars[:2] == "91" and row.bars[8:13] == BUSINESSES[business]
        assert row.bars[36] == "0"
        assert row.company.strip() in known
        assert row.store.isdigit()
        assert datetime.datetime.strptime(row.received_on, "%Y%m%d").date() < DAY
        assert not row.time or datetime.datetime.strptime(row.time, "%H%M")
        final = row.data_type in ("02", "12", "22")
        assert bool(row.transfer_due_on) == final
        assert 1000 <= int(row.bars[37:43]) <= 300_000
        if row.data_type == "22":
            assert row.amount > 0
        else:
            assert row.amount == int(row.bars[37:43])
        if row.data_type in ("12", "22"):
            assert row.time == "0000" and row.bars[30:36] == "999999"
        else:
            due = datetime.datetime.strptime(row.bars[30:36], "%y%m%d").date()
            assert f"{due:%Y%m%d}" >= row.received_on
    found = {row.data_type for row in rows}
    assert found == set(layout.data_types.values())


def test_shinjuku_header_and_control_totals():
    """Read by design.md 7, added up again from the data records."""
    data = generating.make_file("shinjuku-120", "nhi", DAY, 3000, 2)
    records = data.decode("cp932").splitlines()
    assert records[0][:20] == "1" + "20260401" + "58020" + "13102" + "1"
    trailer, end = records[-2], records[-1]
    rows = rows_of("shinjuku-120", data)
    at = 1
    for data_type in ("01", "02", "03"):
        of_type = [row.amount for row in rows if row.data_type == data_type]
        assert int(trailer[at : at + 6]) == len(of_type) > 0
        assert int(trailer[at + 6 : at + 18]) == sum(of_type)
        at += 18
    assert int(end[1:9]) == len(records)


def test_counts_that_outgrow_a_total_make_more_groups(monkeypatch):
    monkeypatch.setattr(days, "SHARD", 100)
    monkeypatch.setattr(days._shares, "__defaults__", (100,))
    data = generating.make_file("shinjuku-120", "tax", DAY, 250, 2)
    kinds = "".join(chr(line[0]) for line in data.splitlines())
    assert kinds.count("1") == kinds.count("8") == 3 and kinds.count("2") == 250
    totals, group = [], []
    for line in data.splitlines():
        if line[:1] == b"8":
            totals.append((int(line[1:7]), int(line[19:25]), int(line[37:43]), len(group)))
            group = []
        elif line[:1] == b"2":
            group.append(line)
    assert all(sum(total[:3]) == total[3] for total in totals)


def test_atpayment_counts_records_by_pay_method_and_all_of_the_file():
    data = generating.make_file("atpayment-97", "tax", DAY, 300, 2)
    records = data.splitlines()
    since: list[bytes] = []
    groups = 0
    for record in records:
        if record[:1] == b"2":
            since.append(record)
        if record[:1] == b"8":
            assert int(record[1:9]) == len(since) > 0
            assert len({one[1:2] for one in since}) == 1
            groups, since = groups + 1, []
    assert groups == 2 and not since
    assert int(records[-1][1:9]) == len(records)


def test_mufj_has_several_groups_each_with_its_header():
    data = generating.make_file("mufj-120", "tax", DAY, 100, 2)
    kinds = "".join(chr(line[0]) for line in data.splitlines())
    assert kinds.count("1") == kinds.count("8") >= 2 and kinds.endswith("89")
    assert kinds.replace("2", "") == "18" * kinds.count("1") + "9"


def test_smbc_mixes_both_barcode_forms():
    data = generating.make_file("smbc-120", "tax", DAY, 300, 2)
    blocks = [line[16:63] for line in data.splitlines() if line[:1] == b"2"]
    raw = [block for block in blocks if block[:44].isdigit()]
    assert 0 < len(raw) < len(blocks)


def test_dsk_file_is_written_as_the_provider_writes_it():
    data = generating.make_file("dsk-csv", "tax", DAY, 50, 2)
    text = data.decode("cp932")
    assert "\n" not in text.replace("\r\n", "") and not text.endswith("\r\n")
    assert text.splitlines()[0].startswith("種別,収納日,収納時刻,バーコード情報")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert len(row) == 13
        if row[0] != "種別":
            bars = row[3].removeprefix("EAN")
            assert (row[4], row[5], row[6]) == (bars[13:19], bars[19:30], bars[36])
            assert row[12] == "20260401"
    assert '"セブン－イレブン"' in text


@pytest.mark.parametrize("layout_code", LAYOUTS)
def test_every_final_repeats_its_preliminary(layout_code):
    """Key of receipt-files.md (d): day, time, 44 digits, company, store."""
    files = made_days(layout_code)
    seen: Counter[tuple[str, ...]] = Counter()
    used: Counter[tuple[str, ...]] = Counter()
    types: Counter[str] = Counter()
    for day, rows in files:
        for row in rows:
            types[row.data_type] += 1
            assert row.received_on < f"{day:%Y%m%d}"
            if row.data_type == "01":
                seen[row.key] += 1
                assert row.received_on == f"{day - datetime.timedelta(days=1):%Y%m%d}"
        for row in rows:
            if row.data_type in ("02", "03"):
                used[row.key] += 1
                assert used[row.key] <= seen[row.key], row
        if day.weekday() >= 5:
            assert not any(row.data_type in ("02", "12", "22") for row in rows)
    assert types["01"] > types["02"] > types["03"] > 0
    assert types["02"] > types["01"] / 2
    # A few never come, and the last days' are still open.
    assert len(seen - used) > 0


def test_finals_come_by_the_lag_of_the_brand():
    lags = defaultdict(set)
    for day, rows in made_days("shinjuku-120"):
        for row in rows:
            if row.data_type == "02":
                received = datetime.datetime.strptime(row.received_on, "%Y%m%d").date()
                between = (received + days.ONE_DAY * n for n in range(1, (day - received).days + 1))
                lags[row.company.strip()].add(sum(map(days.is_business_day, between)))
    assert lags["03711"] == {5}
    assert lags["68442"] == {3}
    assert lags["03423"] == {6}
    assert lags["980002"] == {4, 5, 6, 7}
    assert lags["980014"] == {1}


def test_true_double_payments_and_identical_lines():
    double = identical = 0
    for _, rows in made_days("shinjuku-120", records=1500):
        preliminary = [row for row in rows if row.data_type == "01"]
        cancelled = {row.bars for row in rows if row.data_type == "03"}
        keys = Counter(row.key for row in preliminary)
        identical += sum(times == 2 for times in keys.values())
        slips_paid = Counter(key[2] for key in keys if key[2] not in cancelled)
        double += sum(times == 2 for times in slips_paid.values())
    assert double > 0 and identical > 0


def test_a_mistake_is_cancelled_and_the_slip_paid_again():
    again = 0
    for _, rows in made_days("shinjuku-120"):
        cancelled = {row.bars: row.key for row in rows if row.data_type == "03"}
        again += sum(
            row.bars in cancelled and row.key != cancelled[row.bars]
            for row in rows
            if row.data_type == "01"
        )
    assert again > 0


def test_post_office_corrections_follow_the_row_they_correct():
    posted = {}
    corrections = 0
    for _, rows in made_days("dsk-csv", records=1500):
        for row in rows:
            if row.data_type == "12":
                posted[row.bars] = row
            if row.data_type == "22":
                corrections += 1
                assert posted[row.bars].key == row.key
    assert corrections > 0


@pytest.mark.parametrize(
    ("confirmed", "paid"),
    [
        ((2023, 12, 18), (2023, 12, 25)),
        ((2023, 12, 20), (2023, 12, 25)),
        ((2023, 12, 21), (2024, 1, 9)),
        ((2023, 12, 29), (2024, 1, 9)),
        ((2024, 1, 17), (2024, 1, 24)),
    ],
)
def test_payout_days_observed_in_real_files(confirmed, paid):
    """receipt-files.md (d), "Payout"."""
    assert days.payout_day(datetime.date(*confirmed)) == datetime.date(*paid)


def test_files_of_days_in_a_row_are_about_as_long_as_asked():
    files = made_days("shinjuku-120", records=400, count=30)
    mean = sum(len(rows) for _, rows in files[10:]) / 20
    assert 340 < mean < 460


# Kinds that a layout cannot have, and the word of the sentence that says why.
UNFIT = {
    "total-amount": {"smbc-120": "合計欄", "mufj-120": "合計欄", "atpayment-97": "合計欄"},
    "total-count": {"smbc-120": "合計欄", "mufj-120": "合計欄"},
    "end-count": {"smbc-120": "総件数", "mufj-120": "総件数"},
    "bad-time": {"atpayment-97": "収納時刻"},
    "amount-mismatch": dict.fromkeys(["shinjuku-120", "smbc-120", "mufj-120"], "金額欄"),
    "provider-error": dict.fromkeys(FIXED, "エラー通知"),
    **{
        kind: dict.fromkeys(FIXED, "CSV")
        for kind in ("heading-wrong", "column-count", "unquoted", "unclosed-quote", "lost-zeros")
    },
}
for _kind in (
    "short-record long-record record-type missing-trailer missing-end extra-after-end "
    "data-after-trailer total-count total-amount end-count"
).split():
    UNFIT.setdefault(_kind, {})["dsk-csv"] = "CSV"


@pytest.mark.parametrize("kind", breaking.KINDS)
@pytest.mark.parametrize("layout_code", LAYOUTS)
def test_each_fault_changes_the_file_or_says_why_it_cannot(layout_code, kind):
    good = generating.make_file(layout_code, "tax", DAY, 60, 4)
    if why := UNFIT.get(kind, {}).get(layout_code):
        with pytest.raises(generating.GeneratingError, match=why):
            generating.make_file(layout_code, "tax", DAY, 60, 4, kind=kind)
        return
    bad = generating.make_file(layout_code, "tax", DAY, 60, 4, kind=kind)
    assert bad != good
    assert bad == generating.make_file(layout_code, "tax", DAY, 60, 4, kind=kind)


def _changed(layout_code, kind):
    """The one data row that differs: as it was, as it is."""
    good = rows_of(layout_code, generating.make_file(layout_code, "tax", DAY, 60, 4))
    bad = rows_of(layout_code, generating.make_file(layout_code, "tax", DAY, 60, 4, kind=kind))
    assert len(good) == len(bad)
    differing = [(a, b) for a, b in zip(good, bad, strict=True) if a != b]
    assert len(differing) == 1
    return differing[0]


@pytest.mark.parametrize("layout_code", LAYOUTS)
def test_faults_of_one_line_change_that_and_nothing_else(layout_code):
    was, now = _changed(layout_code, "bad-date")
    assert now.received_on == "20260231"
    was, now = _changed(layout_code, "before-start")
    assert now.received_on == "20191001"
    was, now = _changed(layout_code, "future-date")
    assert now.received_on == "20360401"
    was, now = _changed(layout_code, "check-digit")
    assert was.bars[:43] == now.bars[:43] and barcode.check_digit(now.bars[:43]) != now.bars[43]
    was, now = _changed(layout_code, "unknown-payee")
    assert now.bars[8:13] == "99999" and barcode.check_digit(now.bars[:43]) == now.bars[43]
    was, now = _changed(layout_code, "zero-amount")
    assert now.amount == 0 == int(now.bars[37:43])
    assert barcode.check_digit(now.bars[:43]) == now.bars[43]
    was, now = _changed(layout_code, "unknown-type")
    assert now.data_type in ("77", "07")
    was, now = _changed(layout_code, "unknown-company")
    table = agencies.all_tables()[layouts.get(layout_code).agency]
    assert now.company.strip() not in table.companies


def test_amount_faults():
    was, now = _changed("dsk-csv", "amount-mismatch")
    assert now.amount == was.amount + 1 and now.bars == was.bars
    was, now = _changed("atpayment-97", "amount-mismatch")
    assert now.amount == was.amount + 1 and now.bars == was.bars
    data = generating.make_file("dsk-csv", "tax", DAY, 60, 4, kind="amount-not-digits")
    amounts = [line.split(",")[7] for line in data.decode("cp932").splitlines()[1:]]
    assert sum(not amount.isdigit() for amount in amounts) == 1


SHINJUKU_STILL_TRUE = (
    "bad-date bad-time check-digit barcode-letters zero-amount unknown-type "
    "unknown-company unknown-payee other-business future-date before-start duplicate-in-file "
    "data-after-trailer record-type"
).split()


@pytest.mark.parametrize("kind", SHINJUKU_STILL_TRUE)
def test_totals_stay_true_to_the_lines_of_a_fault_that_is_not_about_totals(kind):
    data = generating.make_file("shinjuku-120", "tax", DAY, 60, 4, kind=kind)
    records = data.splitlines()
    trailer = next(place for place, record in enumerate(records) if record[:1] == b"8")
    for number, data_type in enumerate((b"01", b"02", b"03")):
        of_type = [one for one in records[:trailer] if one[:1] == b"2" and one[1:3] == data_type]
        at = 1 + 18 * number
        assert int(records[trailer][at : at + 6]) == len(of_type)
        assert int(records[trailer][at + 6 : at + 18]) == sum(int(one[53:59]) for one in of_type)
    assert int(records[-1][1:9]) == len(records)


def test_faults_of_control_totals_are_off_by_one():
    def last_two(kind=None):
        data = generating.make_file("shinjuku-120", "tax", DAY, 60, 4, kind=kind)
        *rest, trailer, end = data.splitlines()
        return rest, trailer, end

    rest, trailer, end = last_two()
    assert last_two("total-count") == (
        rest,
        b"8" + b"%06d" % (int(trailer[1:7]) + 1) + trailer[7:],
        end,
    )
    assert last_two("total-amount") == (
        rest,
        trailer[:7] + b"%012d" % (int(trailer[7:19]) + 1) + trailer[19:],
        end,
    )
    assert last_two("end-count") == (rest, trailer, b"9%08d" % (len(rest) + 3) + end[9:])


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("missing-header", "289"),
        ("missing-trailer", "129"),
        ("missing-end", "128"),
        ("extra-after-end", "12892"),
        ("data-after-trailer", "12829"),
        ("wrong-order", "21289"),
        ("header-only", "1"),
        ("record-type", "125289"),
    ],
)
def test_faults_of_structure(kind, shape):
    data = generating.make_file("shinjuku-120", "tax", DAY, 60, 4, kind=kind)
    kinds = [chr(line[0]) for line in data.splitlines()]
    short = [one for place, one in enumerate(kinds) if place == 0 or one != kinds[place - 1]]
    assert "".join(short) == shape


def test_faults_of_the_whole_file():
    def made(kind, layout_code="shinjuku-120", **options):
        return generating.make_file(layout_code, "tax", DAY, 60, 4, kind=kind, **options)

    good = generating.make_file("shinjuku-120", "tax", DAY, 60, 4)
    assert made("empty") == b""
    assert good.startswith(made("truncated")) and len(made("truncated")) % 122
    assert {len(one) for one in made("short-record").splitlines()} == {117, 120}
    assert {len(one) for one in made("long-record").splitlines()} == {120, 123}
    assert made("utf16").decode("utf-16").encode("cp932") == good
    assert made("zip")[:2] == made("xlsx")[:2] == b"PK"
    with zipfile.ZipFile(io.BytesIO(made("zip"))) as archive:
        assert archive.read("data.dat") == good
    for layout_code in LAYOUTS:
        with pytest.raises(UnicodeDecodeError):
            made("encoding", layout_code).decode("cp932")
    assert b"\n" not in made("one-long-line") and len(made("one-long-line", size=3_000_000)) == 3e6
    mixed = made("mixed-newline")
    assert 0 < mixed.count(b"\r\n") < mixed.count(b"\n") == good.count(b"\n")
    assert made("provider-error", "dsk-csv").decode("cp932").startswith("error:")
    assert made("header-only", "dsk-csv").decode("cp932").count("\n") <= 1
    counts = {
        len(row) for row in csv.reader(made("unquoted", "dsk-csv").decode("cp932").split("\r\n"))
    }
    assert counts == {13, 14}
    letters = [row.bars for row in rows_of("shinjuku-120", made("barcode-letters"))]
    assert sum(not bars.isdigit() for bars in letters) == 1
    twice = Counter(row.raw for row in rows_of("shinjuku-120", made("duplicate-in-file")))
    assert twice.most_common(1)[0][1] == 2
    payees = {row.bars[8:13] for row in rows_of("shinjuku-120", made("other-business"))}
    assert payees == {"13101", "13102"}


def test_faults_without_newlines():
    for kind in ("truncated", "short-record", "missing-end", "mixed-newline", "check-digit"):
        good = generating.make_file("mufj-120", "tax", DAY, 60, 4, newline="none")
        assert generating.make_file(
            "mufj-120", "tax", DAY, 60, 4, kind=kind, newline="none"
        ) not in (good, b"")


def test_the_command_writes_a_file_a_day(tmp_path, capsys):
    call_command(
        "make_receipts",
        *"--layout shinjuku-120 --business tax --days 3 --records 40 --seed 9".split(),
        *("-o", str(tmp_path / "new")),
    )
    names = [f"shinjuku-120_tax_2026040{number}.dat" for number in (1, 2, 3)]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "new" / name) for name in names]


def test_the_command_lists_the_kinds(capsys):
    call_command("make_receipts", "--list-kinds")
    out = capsys.readouterr().out
    assert all(kind in out and text in out for kind, text in breaking.KINDS.items())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--layout nothing-1 --business tax", "shinjuku-120"),
        ("--layout shinjuku-120 --business water", "tax"),
        ("--layout shinjuku-120 --business tax --break no-such", "list-kinds"),
        ("--layout shinjuku-120 --business tax --break column-count", "CSV ではない"),
        ("--layout shinjuku-120 --business tax --newline lf", "crlf"),
        ("--layout shinjuku-120 --business tax --records -1", "0以上"),
        ("--layout shinjuku-120 --business tax --days 0", "1以上"),
        ("--layout shinjuku-120", "--business"),
    ],
)
def test_the_command_refuses_with_a_sentence_and_leaves_nothing(options, sentence, tmp_path):
    with pytest.raises(CommandError, match=sentence) as refused:
        call_command("make_receipts", *options.split(), "-o", str(tmp_path / "out"))
    assert refused.value.returncode == 2
    assert not list(tmp_path.glob("out/*")) and not list(tmp_path.glob("out/.*"))
