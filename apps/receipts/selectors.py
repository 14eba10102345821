"""Reads on receipt files for those who wait for them."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache

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
        answer["seconds_left"] = _seconds_left(file, seen)
    return answer


def _seconds_left(file: ReceiptFile, seen: dict[str, Any]) -> int | None:
    """From the pace since the stage began; unknown until it is clear."""
    began = seen.get("began")
    if not began or not seen["total"] or not seen["done"]:
        return None
    pace = (time.time() - began) / seen["done"]
    return max(1, round(pace * (seen["total"] - seen["done"])))


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
