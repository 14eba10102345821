"""Access records as people read them. What is stored stays as it was written."""

from __future__ import annotations

import re
from typing import Any

from django.urls import Resolver404, resolve

from .models import AccessRecord

RESULTS = {  # 結果: sign and tone; the words are the stored ones
    "成功": ("○", "good"),
    "不成立": ("△", "warn"),
    "不存在": ("－", "still"),
    "拒否": ("×", "bad"),
    "失敗": ("×", "bad"),
}
READING, SENDING = ("GET", "HEAD"), ("POST",)
METHODS = {**dict.fromkeys(READING, "閲覧"), **dict.fromkeys(SENDING, "送信")}
OTHER_METHODS = ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT")

# What an address is, by its name; {…} are the numbers in it.
SCREENS = {
    "admin:index": "ホーム",
    "admin:app_list": "画面の一覧",
    "admin:login": "ログインの画面",
    "admin:logout": "ログアウト",
    "admin:password_change": "パスワードの変更",
    "admin:password_change_done": "パスワードの変更",
    "admin:auth_user_password_change": "職員のパスワード",
    "admin:jsi18n": "画面の言葉",
    "home:read_notices": "お知らせ",
    "home:read_notice": "お知らせ",
    "receipts:upload": "受信ファイルを取り込む画面",
    "receipts:progress": "取込の進み",
    "receipts:file": "受信ファイル {pk}",
    "receipts:lines": "受信ファイル {pk} の行",
    "receipts:line": "受信ファイル {pk} の {number}行目",
    "receipts:errors": "受信ファイル {pk} のエラー一覧",
    "receipts:retry": "受信ファイル {pk}",
    "receipts:correct": "受信ファイル {pk}",
    "receipts:cancel": "受信ファイル {pk} の取消",
    "payments:payment": "収納 {payment}",
    "payments:duplicates": "受信ファイル {file_id} の重複",
    "payments:of_line": "受信ファイル {file_id} の {number}行目の収納",
    "admin:receipts_receiptfile_changelist": "受信ファイルの一覧",
    "admin:payments_payment_changelist": "収納の一覧",
    "admin:accesslog_accessrecord_changelist": "アクセス記録の一覧",
    "admin:accesslog_accessrecord_change": "アクセス記録 {object_id}",
    "admin:organization_staff_changelist": "職員の一覧",
    "admin:organization_staff_add": "職員の登録",
    "admin:organization_staff_change": "職員 {object_id}",
    "admin:organization_staff_history": "職員 {object_id} の履歴",
    "admin:organization_department_changelist": "課の一覧",
    "admin:organization_business_changelist": "登録業務の一覧",
}
# What was done, where looking and sending do not say it.
DEEDS = {
    ("GET", "receipts:errors"): "保存",
    ("POST", "admin:login"): "ログイン",
    ("POST", "admin:logout"): "ログアウト",
    ("POST", "admin:password_change"): "パスワードの変更",
    ("POST", "admin:auth_user_password_change"): "パスワードの変更",
    ("POST", "admin:organization_staff_add"): "職員の登録",
    ("POST", "admin:organization_staff_change"): "職員の変更",
    ("POST", "home:read_notices"): "既読",
    ("POST", "home:read_notice"): "既読",
    ("POST", "receipts:upload"): "取込",
    ("POST", "receipts:correct"): "訂正行の取込",
    ("POST", "receipts:retry"): "再実行",
    ("POST", "receipts:cancel"): "全体の取消",
}
LABELS = {
    "accept_partial": "エラー行を除いて登録",
    "accepted": "登録",
    "account": "試された職員の番号",
    "business": "業務",
    "cancel": "取消の前に示したこと",
    "correction": "訂正行の受信ファイル",
    "count": "件数",
    "door": "受付",
    "duplicate": "重複",
    "duplicates": "示した重複の数",
    "error": "問題の種類",
    "export": "保存した形",
    "file": "受信ファイル",
    "files": "受信ファイル",
    "issues": "示した指摘の数",
    "line": "行番号",
    "lines": "行の数",
    "login_failed": "ログインの失敗",
    "notices_read": "既読にしたお知らせの数",
    "number_shown": "番号の表示",
    "payment": "収納",
    "reason": "理由",
    "rejected": "エラー",
    "rewritten": "復元した SHA-256",
    "searched": "検索",
    "sha256": "SHA-256",
    "shown": "示した件数",
    "state": "状態",
    "status": "応答の番号",
    "today": "示した今日のファイルの数",
    "waiting": "示した決めることがあるファイルの数",
    # 取消の前に示したこと
    "amount": "金額",
    "restated": "状態を決め直す収納",
    "withdrawn": "取り消す収納",
}


def who(name: str) -> str:
    """A person's name as it is; of the system's own parts, what they are rather than how they are called."""
    if found := re.fullmatch(r"command:[^（]*（(.*)）", name):
        return f"コマンド（{found[1]}）"
    return f"システム（{name.removeprefix('system:')}）" if name.startswith("system:") else name


def of_request(record: AccessRecord) -> bool:
    return record.action in METHODS or record.action in OTHER_METHODS


def deed(record: AccessRecord) -> str:
    """操作: what was done, in a word."""
    if not of_request(record):
        return record.action
    if record.detail.get("number_shown"):
        return "番号の表示"
    if record.detail.get("searched"):
        return "検索"
    name, _ = _address(record.target)
    method = "GET" if record.action in READING else record.action
    known = DEEDS.get((method, name)) or METHODS.get(record.action)
    return known or f"その他（{record.action}）"


def on_what(record: AccessRecord) -> str:
    """対象: the screen or the thing; the address itself where it has no name."""
    if not of_request(record):
        return record.target
    name, numbers = _address(record.target)
    words = SCREENS.get(name) if record.target != "/" else "はじめの画面"
    if words is None:
        return record.target
    return words.format_map({**numbers, "payment": record.detail.get("payment", "")}).strip()


def _address(path: str) -> tuple[str, dict[str, Any]]:
    try:
        match = resolve(path)
    except Resolver404:
        return "", {}
    return match.view_name or "", match.kwargs


def facts(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """内容 as pairs of words."""
    return [(LABELS.get(key, key), _said(key, value)) for key, value in detail.items()]


def _said(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if value in (None, "", [], {}):
        return "なし"
    if isinstance(value, dict):
        return "、".join(f"{label} {said}" for label, said in facts(value))
    if isinstance(value, list):
        return "、".join(_said(key, one) for one in value)
    if isinstance(value, int) and key not in ("file", "files", "status", "account", "correction"):
        return f"{value:,}"
    return str(value)
