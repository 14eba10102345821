"""However large the input: memory stays where it is, and what is no receipt file is refused soon."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from apps.payments.models import Payment
from apps.receipts.models import ReceiptLine
from tests.receipts import door, live, plain

pytestmark = pytest.mark.slow

CHECK = """
import sys, django
django.setup()
from apps.receipts import layouts
from apps.receipts.reading.check import Expected, check
from tests.receipts.test_size import million
result = check(million(int(sys.argv[1])), layouts.get("mufj-120"), Expected(9800, "tax"))
assert not result.findings.refused and not result.findings.rejected, result.findings.all[:3]
print(result.lines)
"""
IMPORT = """
import sys, django
django.setup()
from django.core.management import call_command
try:
    call_command("import_receipts", *sys.argv[1:], "--json")
except SystemExit as end:
    print(end.code)
"""
ROWS = 10_000


def million(count: int):
    """A mufj-120 file of so many lines, in pieces: one good line again and again."""
    import datetime

    from apps.receipts import generating

    good = generating.make_file("mufj-120", "tax", datetime.date(2026, 1, 7), 1, 3, newline="none")
    header, data, trailer, end = plain.records("mufj-120", good)
    yield header
    for _ in range(count // ROWS):
        yield data * ROWS
    yield trailer + end


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_the_check_of_three_million_lines_needs_the_memory_of_one_million(reference: None) -> None:
    one, lines = live.measured(CHECK, "1000000")
    assert lines == "1000000"
    three, lines = live.measured(CHECK, "3000000")
    assert lines == "3000000"
    assert three < one * 1.2, (one, three)


@pytest.mark.django_db(databases="__all__", transaction=True)
@pytest.mark.parametrize("layout", ["auto", "shinjuku-120", "dsk-csv"])
def test_a_gigabyte_of_one_line_is_refused_soon_in_little_memory(
    layout: str, reference: None, own_folders: Path
) -> None:
    path = own_folders / "huge.dat"
    with open(path, "wb") as stream:
        stream.write("種別".encode("cp932") if layout == "dsk-csv" else b"1")
        stream.truncate(2**30)  # sparse
    began = time.monotonic()
    peak, said = live.measured(IMPORT, str(path), "--layout", layout, "--business", "tax")
    taken = time.monotonic() - began
    outcome, code = said.splitlines()
    answer = json.loads(outcome)
    assert code == "2" and answer["state"] == "失敗" and answer["errors"]
    assert len(answer["errors"]) <= 10_001
    assert peak < 250 * 1024, f"{peak} KiB"
    assert taken < 90
    assert not ReceiptLine.objects.exists() and not Payment.objects.exists()
    assert door.in_vault() == []
