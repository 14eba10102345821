"""What the import command does with one path, and how it says what came of it."""

from __future__ import annotations

import dataclasses
import errno
import logging
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from apps.accesslog.services import RecordNotWritten, current_actor, record

from . import issues, layouts, services, vault
from .models import FileIssue, ReceiptFile
from .reading.detect import HEAD
from .reading.findings import Finding, Findings
from .registering.register import register
from .services.reception import identify, readable, say_already_taken_in, store
from .services.running import checked, judge

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """One file's result, dry or real; `counts` and `amounts` are of the file's lines by data type."""

    file: str
    sha256: str = ""
    layout: str = ""
    business: str = ""
    state: str = "失敗"
    lines: int = 0
    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)
    payments_created: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    dry_run: bool = False
    exit_code: int = 2

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in dataclasses.asdict(self).items() if key != "exit_code"}

    def as_text(self) -> str:
        parts = [f"{self.file}: {self.state}" + ("（検証のみ）" if self.dry_run else "")]
        parts.append(
            f"  {self.lines:,}行 = 登録 {self.accepted:,} + 重複 {self.duplicate:,} + エラー {self.rejected:,}"
            f"、新しい収納 {self.payments_created:,}件、レイアウト {self.layout or '不明'}、業務 {self.business or '不明'}"
        )
        parts += [
            f"  種別 {code}: {count:,}件 {self.amounts[code]:,}円"
            for code, count in self.counts.items()
        ]
        for row in self.errors + self.notices:
            place = f"{row['line']}行目 " if row["line"] else ""
            parts.append(f"  {place}{row['message']} {row['remedy']}（{row['code']}）")
        return "\n".join(parts)


def import_path(path: Path, *, layout: str, business: str, dry_run: bool) -> Outcome:
    """Import one file, or only check it; never raises for what the file is, or for lost databases."""
    try:
        return _import(path, layout, business, dry_run)
    except OSError as error:
        return _unopened(path, error)
    except (OperationalError, InterfaceError, RecordNotWritten):
        logger.exception("import of a file: a database does not answer")
        return _named(
            path,
            "database-gone",
            "データベースから応答がなく、取り込みを終えられませんでした。",
            "つながるようになったら受信ファイルの一覧で状態を確かめ、そこにないか失敗なら、もう一度取り込んでください。",
        )


def _import(path: Path, layout: str, business: str, dry_run: bool) -> Outcome:
    with _opened(path) as stream:
        if dry_run:
            return _dry(stream, path, layout, business)
        file = services.take_in(
            stream,
            name=path.name,
            door=ReceiptFile.Door.COMMAND,
            received_by=None,
            received_by_name=current_actor().name,
            layout=layout,
            business=business,
            accept_partial=True,
        )
    if file.state == ReceiptFile.State.RECEIVED:
        file = services.process(file.pk)
    outcome = _described(file, path)
    _list(outcome, file.issues.all())
    return outcome


def _opened(path: Path) -> BinaryIO:
    """The file to read; a pipe or a device would never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(
            errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "通常のファイルではありません"
        )
    return os.fdopen(descriptor, "rb")


def _unopened(path: Path, error: OSError) -> Outcome:
    reason = {
        errno.ENOENT: "ファイルがありません",
        errno.EISDIR: "フォルダです",
        errno.EACCES: "読む権限がありません",
    }.get(error.errno or 0, error.strerror or "開けません")
    return _named(
        path,
        "not-opened",
        f"開けませんでした（{reason}）。",
        "ファイルの場所と名前を確かめてください。",
    )


def _named(path: Path, code: str, message: str, remedy: str) -> Outcome:
    """A failure that has no row to hold its issue."""
    outcome = Outcome(readable(str(path)))
    outcome.errors.append(
        {
            "line": 0, "record_type": "", "field": "", "offset": None, "value": "",
            "code": code, "message": message, "remedy": remedy,
        }
    )  # fmt: skip
    return outcome


def _described(file: ReceiptFile, path: Path) -> Outcome:
    state = ReceiptFile.State
    types = file.totals.get("types", {})
    return Outcome(
        file=readable(str(path)),
        sha256=file.sha256,
        layout=file.layout_code,
        business=file.business.code if file.business else "",
        state=file.get_state_display(),
        lines=file.lines,
        accepted=file.accepted,
        duplicate=file.duplicate,
        rejected=file.rejected,
        counts={code: row["count"] for code, row in types.items()},
        amounts={code: row["amount"] for code, row in types.items()},
        payments_created=file.payments_created,
        exit_code={state.DONE: 0, state.PARTIAL: 1}.get(state(file.state), 2),
    )


def _list(outcome: Outcome, found: Any) -> None:
    for issue in found:
        row = {
            "line": issue.line,
            "record_type": issue.record_type,
            "field": issue.field,
            "offset": issue.offset,
            "value": issue.value,
            "code": issue.code,
            "message": issues.message(issue),
            "remedy": issues.remedy(issue),
        }
        if issue.effect == FileIssue.Effect.NOTICE:
            outcome.notices.append(row | {"occurrences": issue.occurrences})
        else:
            outcome.errors.append(row)


def _dry(stream: Any, path: Path, layout: str, business: str) -> Outcome:
    """The same check and the same counts, with nothing left behind."""
    findings = Findings()
    stored = store(stream, findings)
    if stored is None:
        outcome = Outcome(readable(str(path)), dry_run=True)
        _list(outcome, findings.all)
        return outcome
    try:
        file = ReceiptFile(
            name=readable(path.name),
            size=stored.size,
            sha256=stored.sha256,
            stored_as=stored.name,
            asked_layout="" if layout == "auto" else layout,
            asked_business=business,
            accept_partial=True,
        )
        found = _check_dry(file)
    finally:
        vault.delete(stored.name)
    record("検証のみ", "コマンド", sha256=stored.sha256)
    outcome = _described(file, path)
    outcome.dry_run = True
    _list(outcome, sorted(found, key=lambda one: one.line))  # as the real run lists them
    return outcome


def _check_dry(file: ReceiptFile) -> list[Finding]:
    head = next(iter(vault.read(file.stored_as)), b"")[:HEAD]
    findings = Findings()
    identify(file, head, findings)
    file.state = ReceiptFile.State.FAILED
    if findings.refused:
        return findings.all
    result = checked(file)
    judge(file, result)
    file.lines, file.rejected = result.lines, len(result.findings.rejected)
    file.totals = {"types": result.totals, "controls": result.controls}
    if result.findings.refused:
        return result.findings.all
    try:
        with transaction.atomic():
            # Really registered and rolled back, so that these counts are the real ones.
            file.state, file.run = ReceiptFile.State.REGISTERING, "dry-run"
            file.save()
            register(
                file,
                layouts.get(file.layout_code),
                lambda: vault.read(file.stored_as),
                result,
            )
            transaction.set_rollback(True)
    except IntegrityError:
        file.state = ReceiptFile.State.FAILED
        say_already_taken_in(file, result.findings)
    return result.findings.all
