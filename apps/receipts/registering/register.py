"""One transaction from checked bytes to registered lines and payments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
import psycopg
from django.db import OperationalError, transaction
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

_TURN_SECONDS = 0.5


class Inconsistent(RuntimeError):
    """What was registered does not add up to what was checked: everything is rolled back."""


class Superseded(RuntimeError):
    """Another run of the same file has taken over or it was stopped: this one must not finish."""


class _Busy(Exception):
    """Another file of the agency is being registered."""


def register(
    file: ReceiptFile,
    layout: Layout,
    read: Callable[[], Iterable[bytes]],
    result: Result,
    *,
    progress: Callable[[int], None] = lambda records: None,
    waiting: Callable[[], None] = lambda: None,
) -> ReceiptFile:
    """Register the accepted lines of a checked file; all of it or nothing.

    `read` gives the file's bytes, `waiting` is called now and then while another file of the agency
    is being registered. Raises Inconsistent or Superseded, and the database's own errors, with
    nothing written.
    """
    while True:
        try:
            with transaction.atomic():
                _take_turn(file)
                _register(file, layout, read(), result, progress)
        except _Busy:
            waiting()
            time.sleep(_TURN_SECONDS)
        else:
            file.refresh_from_db()
            return file


def _take_turn(file: ReceiptFile) -> None:
    """One file of an agency after the other: the state of a payment is computed from all its entries,
    which two at once would not see of each other. The constraints hold without it."""
    try:
        Agency.objects.select_for_update(nowait=True, no_key=True).get(pk=cast(int, file.agency_id))
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise _Busy from error
        raise


def _register(
    file: ReceiptFile,
    layout: Layout,
    chunks: Iterable[bytes],
    result: Result,
    progress: Callable[[int], None],
) -> None:
    table = agencies.all_tables()[layout.agency]
    brands = Brands.of(table, dict(Brand.objects.values_list("code", "pk")))
    rejected = result.rejected
    with stage() as staged:
        shape = Shape()
        for block in read_blocks(chunks, layout, Findings(), shape):
            staged.lines(file.pk, block, _verdicts(block, rejected))
            staged.data(columns(block, rejected, layout, brands))
            progress(shape.records)
        progress(shape.records)
        posted = ledger.kept().post(file)
    if posted.accepted + posted.duplicate + len(rejected) != result.lines:
        raise Inconsistent(
            f"登録 {posted.accepted}＋重複 {posted.duplicate}＋エラー {len(rejected)} が"
            f"行数 {result.lines} と合いません。"
        )
    _finish(file, result, posted)


def _verdicts(block: Block, rejected: Ints) -> Ints:
    verdict = ReceiptLine.Verdict
    verdicts = np.where(block.kinds == DATA, int(verdict.ACCEPTED), int(verdict.STRUCTURE))
    if len(rejected):
        verdicts[np.isin(block.numbers, rejected)] = int(verdict.REJECTED)
    return verdicts


def _finish(file: ReceiptFile, result: Result, posted: ledger.Posted) -> None:
    state = ReceiptFile.State
    changed = ReceiptFile.objects.filter(pk=file.pk, state=state.REGISTERING, run=file.run).update(
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
        raise Superseded(
            f"受信ファイル {file.pk} の実行 {file.run} は引き継がれたか止められています。"
        )
