"""受信: bytes by any door become a ReceiptFile, stored encrypted, with layout and business named."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accesslog.services import record
from apps.accesslog.words import who
from apps.calendars.templatetags.shown import moment
from apps.organization.models import Business, Staff

from .. import agencies, vault
from ..layouts import LayoutError, all_layouts, get
from ..models import Agency, FileIssue, ReceiptFile
from ..reading import detect
from ..reading.findings import Finding, Findings
from ..settings import upload_limit_bytes

logger = logging.getLogger(__name__)


def take_in(
    stream: BinaryIO,
    *,
    name: str,
    door: ReceiptFile.Door,
    received_by: Staff | None,
    received_by_name: str,
    layout: str = "auto",
    business: str = "",
    accept_partial: bool = False,
    corrects: ReceiptFile | None = None,
) -> ReceiptFile:
    """Store a file and name its layout and 業務; RECEIVED, or FAILED with the issues that say why.

    `layout` and `business` are the person's choice ("auto" and "" leave it to the content), and a
    choice the content contradicts is refused. Nothing is registered yet: see `start`.
    """
    findings = Findings()
    stored = store(stream, findings)
    head = b"".join(_head(stored.name)) if stored else b""
    file = ReceiptFile(
        name=readable(name)[:255],
        size=stored.size if stored else 0,
        sha256=stored.sha256 if stored else "",
        stored_as=stored.name if stored else "",
        door=door,
        received_by=received_by,
        received_by_name=received_by_name,
        asked_layout="" if layout == "auto" else layout,
        asked_business=business,
        accept_partial=accept_partial,
        corrects=corrects,
    )
    if corrects is not None:
        file.layout_code, file.layout_version = corrects.layout_code, corrects.layout_version
        file.agency, file.business = corrects.agency, corrects.business
    elif stored:
        identify(file, head, findings)
        check_rights(file, findings)
    if not findings.refused:
        with transaction.atomic():
            findings = _insert(file)
            if not findings.refused:
                # Before the commit: a file without its record has not come in.
                _recorded("受信", file)
                return file
    fail(file, findings.all)
    _recorded("受信", file, "失敗")
    return file


def readable(name: str) -> str:
    """A file's name as text: one from Windows may be in cp932, which Python gives as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("cp932", "replace")
    return name.replace("\0", "")


def store(stream: BinaryIO, findings: Findings) -> vault.Stored | None:
    """The bytes into the vault, or nothing there and a finding that says why."""
    limit = upload_limit_bytes()
    try:
        return vault.store(stream, limit=limit)
    except vault.TooLarge:
        findings.add("too-large", limit=limit // 2**20)
    except OSError as error:
        logger.exception("receipt file not stored")
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            findings.add("disk-full")
        else:
            findings.add("store-failed", reason=error.strerror or type(error).__name__)
    return None


def _head(name: str) -> Iterator[bytes]:
    size = 0
    for piece in vault.read(name):
        yield piece[: detect.HEAD - size]
        size += len(piece)
        if size >= detect.HEAD:
            return


def identify(file: ReceiptFile, head: bytes, findings: Findings) -> None:
    """Name the file's layout, agency and business from its beginning and what the person chose."""
    if not head:
        findings.add("empty-file")
        return
    scores = detect.scores(head, all_layouts().values())
    fitting = detect.best(scores)
    code = file.asked_layout
    if code:
        try:
            get(code)
        except LayoutError:
            findings.add("layout-not-there", value=code)
            return
        if fitting and code not in fitting and scores[fitting[0]] > scores[code]:
            findings.add("layout-mismatch", actual=fitting[0], expected=code)
            return
    elif not fitting:
        findings.add("layout-unknown")
        return
    elif len(fitting) > 1:
        findings.add("layout-ambiguous", candidates="、".join(fitting))
        return
    layout = get(code or fitting[0])
    file.layout_code, file.layout_version = layout.code, layout.version
    file.agency = Agency.objects.get(code=layout.agency)
    _identify_business(file, detect.payee_of(head, layout), findings)


def _identify_business(file: ReceiptFile, payee_code: str, findings: Findings) -> None:
    """The business the person chose or the payee code says; the check compares the two."""
    if file.agency is None:
        return
    payee = agencies.all_tables()[file.agency.code].payees.get(payee_code)
    code = file.asked_business or (payee.business if payee else "")
    file.business = Business.objects.filter(code=code).first()
    if file.asked_business and file.business is None:
        findings.add("business-not-there", value=file.asked_business)


def check_rights(file: ReceiptFile, findings: Findings) -> None:
    """A person takes in files of his own businesses only; the inbox and the command act for the ward."""
    person = file.received_by
    if person is None or file.business is None:
        return
    if not Business.objects.visible_to(person).filter(pk=file.business.pk).exists():
        findings.add("business-not-yours")
        file.business = None


def _insert(file: ReceiptFile) -> Findings:
    """Insert the row; the constraint, not a look before, decides whether the file is new."""
    findings = Findings()
    try:
        with transaction.atomic():
            file.save()
    except IntegrityError:
        file.pk = None
        say_already_taken_in(file, findings)
    return findings


def say_already_taken_in(file: ReceiptFile, findings: Findings) -> None:
    """Name the live file with the same content: when, by whom, which."""
    earlier = (
        ReceiptFile.objects.filter(
            agency=file.agency, sha256=file.sha256, state__in=ReceiptFile.LIVE
        )
        .exclude(pk=file.pk)
        .first()
    )
    if earlier is None:
        raise RuntimeError(
            "重複の制約に当たったのに相手のファイルがありません。もう一度取り込んでください。"
        )
    if earlier.business_id is not None and earlier.business_id != file.business_id:
        # Another 課's file: that it is there must be said, its name and people are not for this one.
        findings.add("already-taken-in-elsewhere")
        return
    findings.add(
        "already-taken-in",
        file_id=earlier.pk,
        name=earlier.name,
        at=moment(earlier.received_at),
        by=who(earlier.received_by_name),
    )


_KEEP_COPY = {"stalled", "crashed", "partial-not-chosen"}
"""Failures after which the same bytes may be run again; after any other the copy is deleted."""


def fail(file: ReceiptFile, found: list[Finding]) -> None:
    """Mark the file as failed with all that was found, and drop a copy of no further use."""
    codes = {one.code for one in found if one.effect == FileIssue.Effect.REFUSE}
    keep = bool(codes) and codes <= _KEEP_COPY
    stored = file.stored_as
    with transaction.atomic():
        file.state = ReceiptFile.State.FAILED
        file.finished_at = timezone.now()
        file.lease_until = None
        if not keep:
            file.stored_as = ""
        file.save()
        save_issues(file, found)
    if stored and not keep:
        vault.delete(stored)


def save_issues(file: ReceiptFile, found: list[Finding]) -> None:
    """Replace the file's issues by these.

    While nobody knows whose payers a file is about, what its lines say is not kept with it.
    """
    known = file.business_id is not None
    file.issues.all().delete()
    FileIssue.objects.bulk_create(
        [
            FileIssue(
                file=file,
                line=one.line,
                record_type=one.record_type.replace("\0", "�"),
                field=one.field,
                offset=one.offset,
                value=one.value.replace("\0", "�") if known or one.effect != "reject" else "",
                code=one.code,
                effect=one.effect,
                params=_plain(one.params),
                occurrences=one.occurrences,
            )
            for one in found
        ],
        batch_size=1000,
    )


def _plain(params: dict[str, object]) -> dict[str, object]:
    """PostgreSQL's JSON cannot hold a NUL character."""
    return {
        key: value.replace("\0", "�") if isinstance(value, str) else value
        for key, value in params.items()
    }


def _recorded(action: str, file: ReceiptFile, result: str = "成功") -> None:
    record(
        action,
        f"受信ファイル {file.pk}",
        result,
        door=file.door,
        sha256=file.sha256,
        business=file.business.code if file.business else "",
    )
