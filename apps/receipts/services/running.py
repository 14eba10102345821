"""検証 and 登録 of a received file, by whoever claims it; a run that dies is found by its lease."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.accesslog.services import record
from apps.organization.models import Business, Staff
from apps.organization.services import notify

from .. import layouts, vault
from ..models import FileIssue, ReceiptFile
from ..reading.check import Expected, Result, check
from ..reading.findings import Finding, Findings
from ..reading.values import day_number
from ..registering.register import Superseded, register
from ..selectors import PROGRESS_KEY
from ..settings import lease
from .purging import purge
from .reception import check_rights, fail, save_issues, say_already_taken_in

logger = logging.getLogger(__name__)
State = ReceiptFile.State


def start(file: ReceiptFile) -> None:
    """Queue the run, once the row is surely there."""
    from ..tasks import process_receipt_file

    file_id = file.pk
    transaction.on_commit(lambda: process_receipt_file.delay(file_id))


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def process(file_id: int) -> ReceiptFile:
    """Check and register a file; safe to call twice, at once, or again after a crash.

    Only one caller claims the file. Whatever goes wrong ends in FAILED with an issue that says so,
    and nothing registered.
    """
    run = secrets.token_hex(16)
    claimed = ReceiptFile.objects.filter(pk=file_id, state=State.RECEIVED).update(
        state=State.CHECKING,
        run=run,
        worker=this_worker(),
        attempts=F("attempts") + 1,
        lease_until=timezone.now() + lease(),
    )
    file = ReceiptFile.objects.get(pk=file_id)
    if not claimed:
        return file
    try:
        _run(file)
    except Superseded:
        logger.warning("receipt file %s: run %s superseded", file_id, run)
    except vault.Damaged:
        _give_up(file, Finding("copy-damaged", "refuse"))
    except FileNotFoundError:
        _give_up(file, Finding("copy-damaged", "refuse"))
    except Exception as error:
        logger.exception("receipt file %s failed", file_id)
        if not connection.in_atomic_block:
            # A connection that broke must not keep the failure from being written down.
            connection.close_if_unusable_or_obsolete()
        _give_up(file, Finding("crashed", "refuse", params={"reason": type(error).__name__}))
    file.refresh_from_db()
    cache.delete(PROGRESS_KEY.format(file_id))
    if file.state in ReceiptFile.REGISTERED:
        purge(file)
    record(
        "取込",
        f"受信ファイル {file.pk}",
        "成功" if file.state in ReceiptFile.REGISTERED else "失敗",
        state=file.get_state_display(),
        lines=file.lines,
        accepted=file.accepted,
        duplicate=file.duplicate,
        rejected=file.rejected,
    )
    return file


def checked(file: ReceiptFile, progress: Callable[[int], None] = lambda records: None) -> Result:
    """The check of a file as it lies in the vault; writes nothing."""
    layout = layouts.get(file.layout_code)
    expected = Expected(today=day_number(timezone.localdate()))
    if file.business is not None:
        expected.business = file.business.code
        if file.business.starts_on:
            expected.starts_on = day_number(file.business.starts_on)
    result = check(
        vault.read(file.stored_as),
        layout,
        expected,
        fragment=file.corrects_id is not None,
        progress=progress,
    )
    if file.business is None and result.business:
        # Too far down the file for a look at its beginning.
        file.business = Business.objects.filter(code=result.business).first()
        check_rights(file, result.findings)
    return result


def judge(file: ReceiptFile, result: Result) -> None:
    """Add the refusal that follows when lines are rejected and the rest may not go alone."""
    if not result.findings.rejected or result.findings.refused:
        return
    rejected = len(result.findings.rejected)
    if not layouts.get(file.layout_code).partial:
        result.findings.add("partial-not-allowed", rejected=rejected)
    elif not file.accept_partial:
        result.findings.add("partial-not-chosen", rejected=rejected, rest=result.lines - rejected)


def _run(file: ReceiptFile) -> None:
    progress = _Progress(file)
    result = checked(file, progress.checking)
    judge(file, result)
    if result.findings.refused:
        _hold(file, State.CHECKING, State.CHECKING)
        file.lines = result.lines
        file.records = result.shape.records
        file.rejected = len(result.findings.rejected)
        file.totals = {"types": result.totals, "controls": result.controls}
        fail(file, result.findings.all)
        return
    _hold(file, State.CHECKING, State.REGISTERING, lines=result.lines)
    progress.checked(result.shape.records)
    save_issues(file, result.findings.all)
    register(
        file,
        layouts.get(file.layout_code),
        lambda: vault.read(file.stored_as),
        result,
        progress=progress.registering,
        waiting=progress.waiting,
    )


def _hold(file: ReceiptFile, before: str, after: str, lines: int = 0) -> None:
    """Go on to the next stage, or find that this run is no longer the file's."""
    changed = ReceiptFile.objects.filter(pk=file.pk, state=before, run=file.run).update(
        state=after,
        lines=lines,
        business=file.business,
        lease_until=timezone.now() + lease(lines),
    )
    if not changed:
        raise Superseded(
            f"受信ファイル {file.pk} の実行 {file.run} は引き継がれたか止められています。"
        )
    file.state, file.lines = after, lines


def _give_up(file: ReceiptFile, finding: Finding) -> None:
    """FAILED by this run, unless it is no longer the file's."""
    file.refresh_from_db(fields=["state", "run", "stored_as"])
    if file.state in ReceiptFile.RUNNING:
        fail(file, [finding])
        tell(file, "処理の中で誤りが起き、失敗しました")


def tell(file: ReceiptFile, what: str) -> None:
    if file.received_by is not None:
        notify(
            file.received_by,
            f"受信ファイル「{file.name[:80]}」は{what}。何も登録していません。",
            f"/admin/receipts/receiptfile/{file.pk}/change/",
        )


POSTING_SHARE = 1.5
"""How long it takes to make payments of the lines, for each second that storing the lines took."""


class _Progress:
    """Counts for the waiting person in the cache, and now and then a longer lease."""

    EVERY_SECONDS = 0.5

    def __init__(self, file: ReceiptFile) -> None:
        self.file = file
        self.records = 0
        self._phase, self._began = "", time.time()
        self._written = self._leased = time.monotonic()

    def checking(self, done: int) -> None:
        self._say("検証中", done)
        if time.monotonic() - self._leased > lease().total_seconds() / 3:
            _hold(self.file, State.CHECKING, State.CHECKING)
            self._leased = time.monotonic()

    def checked(self, records: int) -> None:
        self.records = records
        self._phase, self._began = "登録中", time.time()

    def registering(self, done: int) -> None:
        # Inside the one transaction, where the row cannot be seen to move; its lease is long enough.
        if done < self.records:
            self._say("登録中", done, then=POSTING_SHARE)
        else:
            took = time.time() - self._began
            self.tell("収納にまとめています", ends=time.time() + POSTING_SHARE * took)

    def waiting(self) -> None:
        """For its turn: nothing is at fault, so the lease goes on."""
        self._began = time.time()
        if time.monotonic() - self._leased > lease().total_seconds() / 3:
            _hold(self.file, State.REGISTERING, State.REGISTERING, self.file.lines)
            self._leased = time.monotonic()

    def _total(self) -> int:
        """Records in all: known after the check, from the size before it."""
        length = layouts.get(self.file.layout_code).record_length
        return self.records or (self.file.size // length if length else 0)

    def _say(self, phase: str, done: int, then: float = 0.0) -> None:
        if phase != self._phase:
            self._phase, self._began = phase, time.time()
        now = time.monotonic()
        if now - self._written >= self.EVERY_SECONDS:
            self._written = now
            self.tell(phase, done=done, total=self._total(), began=self._began, then=then)

    def tell(self, phase: str, **seen: float) -> None:
        told = {"phase": phase, "done": 0, "total": 0, **seen}
        cache.set(PROGRESS_KEY.format(self.file.pk), told, timeout=3600)


def retry(file: ReceiptFile, *, by: Staff, accept_partial: bool) -> ReceiptFile:
    """Run a failed file again, at a person's word also without its rejected lines."""
    findings = Findings()
    try:
        with transaction.atomic():
            changed = (
                ReceiptFile.objects.filter(pk=file.pk, state=State.FAILED)
                .exclude(stored_as="")
                .update(
                    state=State.RECEIVED,
                    accept_partial=accept_partial,
                    received_by=by,
                    finished_at=None,
                    attempts=0,
                    lease_until=timezone.now() + lease(),
                )
            )
            if changed:
                FileIssue.objects.filter(file=file).delete()
                record("再実行", f"受信ファイル {file.pk}", accept_partial=accept_partial)
    except IntegrityError:
        say_already_taken_in(file, findings)
        fail(file, findings.all)
        return file
    file.refresh_from_db()
    if changed:
        start(file)
    return file
