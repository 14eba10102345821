"""Reads on receipt files for those who wait for them."""

from __future__ import annotations

import math
import time
from typing import Any

from django.core.cache import cache

from apps.organization.models import Staff

from . import issues
from .models import FileIssue, ReceiptFile

PROGRESS_KEY = "receipt-progress:{}"


def progress(file: ReceiptFile) -> dict[str, Any]:
    """How far a file is: counts, seconds left where they can be told, and a sentence."""
    seen = cache.get(PROGRESS_KEY.format(file.pk)) if file.running else None
    answer: dict[str, Any] = {
        "id": file.pk,
        "name": file.name,
        "state": file.state,
        "state_label": file.get_state_display(),
        "running": file.running,
        "phase": file.get_state_display(),
        "done": file.records if not file.running else 0,
        "total": file.records or None,
        "seconds_left": None,
        "lines": file.lines,
        "accepted": file.accepted,
        "duplicate": file.duplicate,
        "rejected": file.rejected,
        "message": _sentence(file),
    }
    if seen:
        answer |= {"phase": seen["phase"], "done": seen["done"], "total": seen["total"] or None}
        answer["seconds_left"] = _seconds_left(seen)
    return answer | {"counts": _counts(file, answer), "rest": _rest(answer["seconds_left"])}


def _counts(file: ReceiptFile, answer: dict[str, Any]) -> str:
    if not file.running:
        return f"{file.lines:,}行" if file.lines else ""
    if not answer["done"]:
        return answer["phase"] if answer["phase"] != answer["state_label"] else ""
    total = f"{answer['total']:,}" if answer["total"] else "？"
    return f"{answer['phase']} {answer['done']:,} / {total}件"


def _rest(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f"残り 約{seconds}秒" if seconds < 60 else f"残り 約{math.ceil(seconds / 60)}分"


def taken_in_before(file: ReceiptFile, person: Staff) -> ReceiptFile | None:
    """The file with the same content for which this one was refused, where the person may see it."""
    if file.state != ReceiptFile.State.FAILED:
        return None
    named = file.issues.filter(code="already-taken-in").values_list("params", flat=True).first()
    if named is None:
        return None
    return ReceiptFile.objects.visible_to(person).filter(pk=named["file_id"]).first()


def _seconds_left(seen: dict[str, Any]) -> int | None:
    """From the pace since the stage began, with the stage that follows; unknown until it is clear."""
    if "ends" in seen:
        left: float = seen["ends"] - time.time()
        return round(left) if left >= 1 else None
    began = seen.get("began")
    if not began or not seen["total"] or not seen["done"]:
        return None
    pace: float = (time.time() - began) / seen["done"]
    still: int = seen["total"] * (1 + seen.get("then", 0)) - seen["done"]
    return max(1, round(pace * still))


def _sentence(file: ReceiptFile) -> str:
    state = ReceiptFile.State
    if file.state == state.RECEIVED:
        return "受け取りました。まもなく検証を始めます。"
    if file.state == state.CHECKING:
        return "全体を検証しています。まだ何も登録していません。"
    if file.state == state.REGISTERING:
        return f"{file.lines:,}行を登録しています。"
    if file.state == state.CANCELLED:
        return "この取込は取り消されています。"
    if file.state == state.FAILED:
        first = file.issues.filter(effect=FileIssue.Effect.REFUSE).first()
        return issues.message(first) if first else "登録できませんでした。"
    return f"{file.accepted:,}件登録 / {file.rejected:,}件エラー / {file.duplicate:,}件重複"
