"""取消 of a whole import, with a reason, while nothing in it is reconciled."""

from __future__ import annotations

from typing import cast

from django.db import transaction
from django.utils import timezone

from apps.accesslog.services import record
from apps.organization.models import Staff

from .. import ledger, vault
from ..models import Agency, ReceiptFile

_NOT_REGISTERED = (
    "登録が済んでいるファイルだけを取り消せます。画面を開き直して状態を確かめてください。"
)


class NotPossible(Exception):
    """An act that the present state does not allow; the text says why and what to do."""


def cancel(file: ReceiptFile, *, by: Staff, reason: str) -> ReceiptFile:
    """Withdraw everything a file registered; the file and its lines stay, as 取消."""
    if not reason.strip():
        raise NotPossible("取消の理由を書いてください。")
    if file.state not in ReceiptFile.REGISTERED:
        raise NotPossible(_NOT_REGISTERED)
    with transaction.atomic():
        # The same lock as registration's, so that no file of the agency is posted meanwhile.
        Agency.objects.select_for_update(no_key=True).get(pk=cast(int, file.agency_id))
        changed = ReceiptFile.objects.filter(pk=file.pk, state__in=ReceiptFile.REGISTERED).update(
            state=ReceiptFile.State.CANCELLED,
            cancelled_at=timezone.now(),
            cancelled_by_name=str(by),
            cancel_reason=reason.strip()[:200],
        )
        if not changed:
            raise NotPossible(_NOT_REGISTERED)
        ledger.kept().withdraw(file)
        # The last thing before the commit: without its record the act does not take place.
        record("取込の取消", f"受信ファイル {file.pk}", reason=reason.strip()[:200])
    file.refresh_from_db()
    if file.stored_as:
        vault.delete(file.stored_as)
    return file
