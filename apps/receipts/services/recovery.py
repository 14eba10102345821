"""What became of runs that died: found by their process or their lease, and dealt with."""

from __future__ import annotations

import os
import socket

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..models import ReceiptFile
from ..reading.findings import Finding
from ..settings import lease
from .purging import purge
from .reception import fail
from .running import start, tell

State = ReceiptFile.State
ATTEMPTS = 3


def recover(*, here_only: bool = False) -> list[int]:
    """Deal with runs that died; returns the files touched.

    A run of this machine whose process is gone starts again from the beginning at once, a few times:
    a file that ends its worker every time must not do so for ever. One whose lease ran out elsewhere
    becomes 失敗 and its starter is told. A file that nobody ever claimed is
    queued again, and a copy that a run had no time to delete is deleted.
    """
    touched = []
    for file in ReceiptFile.objects.filter(state__in=ReceiptFile.RUNNING):
        if _worker_gone(file.worker) and file.attempts < ATTEMPTS:
            changed = ReceiptFile.objects.filter(
                pk=file.pk, run=file.run, state__in=ReceiptFile.RUNNING
            ).update(state=State.RECEIVED, lease_until=None)
            if changed:
                touched.append(file.pk)
                start(file)
    if here_only:
        return touched
    stalled = ReceiptFile.objects.filter(
        state__in=ReceiptFile.RUNNING, lease_until__lt=timezone.now()
    )
    for file in stalled:
        # The run's own last statement asks for this state, so a slow one cannot finish after this.
        with transaction.atomic():
            changed = ReceiptFile.objects.filter(
                Q(pk=file.pk, run=file.run, lease_until__lt=timezone.now())
            ).update(state=State.FAILED, run="")
        if changed:
            file.refresh_from_db()
            fail(file, [Finding("stalled", "refuse")])
            tell(file, "処理が途中で止まり、失敗しました")
            touched.append(file.pk)
    registered = ReceiptFile.objects.registered().filter(
        purged_at=None, finished_at__lt=timezone.now() - lease()
    )
    for file in registered.exclude(stored_as="").exclude(issues__code="copy-differs"):
        # The run died between its registration and the deletion of the copy.
        purge(file)
        touched.append(file.pk)
    waiting = ReceiptFile.objects.filter(state=State.RECEIVED).filter(
        Q(lease_until=None, received_at__lt=timezone.now() - lease())
        | Q(lease_until__lt=timezone.now())
    )
    for file in waiting:
        # Its message was lost, or the queue is long: at most one more message per lease.
        ReceiptFile.objects.filter(pk=file.pk, state=State.RECEIVED).update(
            lease_until=timezone.now() + lease()
        )
        start(file)
    return touched


def _worker_gone(worker: str) -> bool:
    """Whether the process was on this machine and is there no more."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
