"""端末データ削除: the temporary copy goes once the registered lines give the same bytes (SYS-W-04)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.accesslog.services import record
from apps.organization.services import notify

from .. import vault
from ..models import FileIssue, ReceiptFile
from ..reading.findings import Finding
from ..registering import rewrite


def purge(file: ReceiptFile) -> bool:
    """Write the file again from its lines and delete the copy if both SHA-256 agree.

    Where they differ the copy stays, the file says so and its receiver is told. Done before, it is
    done: a second call changes nothing.
    """
    if file.purged_at or not file.stored_as or file.state not in ReceiptFile.REGISTERED:
        return bool(file.purged_at)
    rewritten = rewrite.sha256(file)
    if rewritten != file.sha256:
        issue = Finding("copy-differs", "notice")
        FileIssue.objects.get_or_create(file=file, code=issue.code, effect=issue.effect)
        record(
            "端末データ削除",
            f"受信ファイル {file.pk}",
            "不成立",
            sha256=file.sha256,
            rewritten=rewritten,
        )
        if file.received_by is not None:
            notify(
                file.received_by,
                f"受信ファイル {file.pk} は復元した内容が一致しないため、一時保存を残しています。",
                f"/admin/receipts/receiptfile/{file.pk}/change/",
            )
        return False
    stored = file.stored_as
    file.purged_at, file.purged_sha256, file.stored_as = timezone.now(), rewritten, ""
    with transaction.atomic():
        file.save(update_fields=["purged_at", "purged_sha256", "stored_as"])
        # Without its record nothing is deleted.
        record("端末データ削除", f"受信ファイル {file.pk}", sha256=file.sha256, rewritten=rewritten)
    # The row first: a crash between the two leaves a copy no row knows of, which the sweep removes.
    vault.delete(stored)
    return True
