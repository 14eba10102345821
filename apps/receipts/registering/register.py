"""One transaction from checked bytes to registered lines and payments."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from django.db import transaction
from django.utils import timezone

from .. import agencies, ledger
from ..layouts import Layout
from ..models import Agency, Brand, ReceiptFile, ReceiptLine
from ..reading.blocks import DATA, Block, Shape, read_blocks
from ..reading.check import Result
from ..reading.columns import Brands, columns
from ..reading.findings import Findings
from ..reading.values import Ints
from .staging import stage


class Inconsistent(RuntimeError):
    """What was registered does not add up to what was checked: everything is rolled back."""


class Superseded(RuntimeError):
    """Another run of the same file has taken over or it was stopped: this one must not finish."""


def register(
    file: ReceiptFile,
    layout: Layout,
    chunks: Iterable[bytes],
    result: Result,
    *,
    progress: Callable[[int], None] = lambda records: None,
) -> ReceiptFile:
    """Register the accepted lines of a checked file; all of it or nothing.

    Raises Inconsistent or Superseded, and the database's own errors, with nothing written.
    """
    table = agencies.all_tables()[layout.agency]
    brands = Brands.of(table, dict(Brand.objects.values_list("code", "pk")))
    rejected = result.rejected
    with transaction.atomic():
        # Two files of one agency one after the other: the state of a payment is computed from all
        # its entries, which two at once would not see of each other. The constraints hold without it.
        Agency.objects.select_for_update(no_key=True).get(pk=file.agency_id)
        with stage() as staged:
            shape = Shape()
            for block in read_blocks(chunks, layout, Findings(), shape):
                staged.lines(file.pk, block, _verdicts(block, rejected))
                staged.data(columns(block, rejected, layout, brands))
                progress(shape.records)
            posted = ledger.kept().post(file)
        if posted.accepted + posted.duplicate + len(rejected) != result.lines:
            raise Inconsistent(
                f"登録 {posted.accepted}＋重複 {posted.duplicate}＋エラー {len(rejected)} が"
                f"行数 {result.lines} と合いません。"
            )
        _finish(file, result, posted)
    file.refresh_from_db()
    return file


def _verdicts(block: Block, rejected: Ints) -> Ints:
    verdict = ReceiptLine.Verdict
    verdicts = np.where(block.kinds == DATA, int(verdict.ACCEPTED), int(verdict.STRUCTURE))
    if len(rejected):
        verdicts[np.isin(block.numbers, rejected)] = int(verdict.REJECTED)
    return verdicts


def _finish(file: ReceiptFile, result: Result, posted: ledger.Posted) -> None:
    state = ReceiptFile.State
    changed = ReceiptFile.objects.filter(
        pk=file.pk, state=state.REGISTERING, run=file.run
    ).update(
        state=state.PARTIAL if len(result.rejected) else state.DONE,
        lines=result.lines,
        accepted=posted.accepted,
        duplicate=posted.duplicate,
        rejected=len(result.rejected),
        records=result.shape.records,
        payments_created=posted.payments_created,
        totals={"types": result.totals, "controls": result.controls},
        newline=result.shape.newline,
        final_newline=result.shape.final_newline,
        finished_at=timezone.now(),
        lease_until=None,
    )
    if not changed:
        raise Superseded(f"受信ファイル {file.pk} の実行 {file.run} は引き継がれたか止められています。")
