"""One measured step in a process of its own: prints its seconds and peak memory as JSON."""

from __future__ import annotations

import datetime
import json
import resource
import sys
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402


def generate(path: str, records: str, seed: str = "7", day: str = "2026-06-10") -> None:
    from apps.receipts import generating

    with open(path, "wb") as target:
        generating.write_file(
            target, "shinjuku-120", "tax", datetime.date.fromisoformat(day), int(records), int(seed)
        )


def check(path: str) -> None:
    from apps.receipts import layouts
    from apps.receipts.reading.check import Expected, check
    from apps.receipts.reading.values import day_number

    def chunks():
        with open(path, "rb") as source:
            while piece := source.read(1 << 20):
                yield piece

    today = day_number(datetime.date(2026, 12, 31))
    result = check(chunks(), layouts.get("shinjuku-120"), Expected(today, "tax", 8000))
    assert not result.findings.refused and not result.findings.rejected


def product(path: str) -> None:
    """The command door: store, hash, check, register, rewrite, purge."""
    call_command("import_receipts", path, layout="shinjuku-120", business="tax", verbosity=0)


def bulk(path: str) -> None:
    from baselines import orm_import

    orm_import.bulk(path)


def row_by_row(path: str) -> None:
    from baselines import orm_import

    orm_import.row_by_row(path)


began = time.perf_counter()
globals()[sys.argv[1]](*sys.argv[2:])
print(
    json.dumps(
        {
            "seconds": round(time.perf_counter() - began, 3),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
    )
)
