"""States as sign and word: the colour of a badge never says anything alone."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accesslog.words import who
from apps.receipts.models import ReceiptFile

register = template.Library()

SIGNS = {
    # 受信ファイル
    "received": "…",
    "checking": "▷",
    "registering": "▶",
    "done": "○",
    "partial": "△",
    "failed": "×",
    "cancelled": "－",
    # 指摘
    "refuse": "×",
    "reject": "△",
    "notice": "ｉ",
    # 受信行の判定
    "line-0": "・",
    "line-1": "○",
    "line-2": "＝",
    "line-3": "×",
    # 収納
    "payment-1": "◇",
    "payment-2": "○",
    "payment-3": "×",
    "payment-4": "！",
    "payment-9": "－",
}
TONES = {
    "done": "good",
    "line-1": "good",
    "payment-2": "good",
    "partial": "warn",
    "reject": "warn",
    "payment-4": "warn",
    "failed": "bad",
    "refuse": "bad",
    "line-3": "bad",
    "payment-3": "bad",
    "received": "busy",
    "checking": "busy",
    "registering": "busy",
    "payment-1": "busy",
}


@register.simple_tag
def badge(code: Any, word: str) -> SafeString:
    """The badge of a state: its sign, its word, and a tone for the eye."""
    return format_html(
        '<span class="badge {}" data-state="{}"><span aria-hidden="true">{}</span> {}</span>',
        TONES.get(str(code), "still"),
        code,
        SIGNS.get(str(code), "・"),
        word,
    )


@register.filter
def masked(barcode: str) -> str:
    """A barcode as lists show it: the first eight digits and the last four."""
    return f"{barcode[:8]}…{barcode[-4:]}" if len(barcode) > 12 else "…"


@register.filter
def received_by(file: ReceiptFile) -> str:
    """Who gave us the file, and by which door where the name does not say it."""
    name = who(file.received_by_name)
    door = file.get_door_display()
    return name if name.startswith(door) else f"{name}（{door}）"


@register.filter
def came_in(file: ReceiptFile) -> str:
    """The same inside a sentence that goes on with 受け付けた."""
    if file.door in (file.Door.WEB, file.Door.CORRECTION):
        how = "画面から" if file.door == file.Door.WEB else "訂正行として"
        return f"{file.received_by_name}が{how}"
    return f"{who(file.received_by_name)}から"
