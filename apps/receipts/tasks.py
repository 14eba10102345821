"""What runs in the background. Arguments are ids only; every task may run twice."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from apps.accesslog.services import Actor, acting_as

from . import inbox, services


@shared_task(name="apps.receipts.tasks.process_receipt_file")
def process_receipt_file(file_id: int) -> None:
    with acting_as(Actor("system:取込")):
        services.process(file_id)


@shared_task(name="apps.receipts.tasks.scan_inbox")
def scan_inbox() -> None:
    with acting_as(Actor("system:受信箱")):
        inbox.scan()


@shared_task(name="apps.receipts.tasks.watch_imports")
def watch_imports() -> None:
    with acting_as(Actor("system:取込の見張り")):
        services.recover()
        inbox.sweep_vault()


@worker_ready.connect
def resume_after_restart(**kwargs: object) -> None:
    """Files whose run died with the worker before this one start again."""
    with acting_as(Actor("system:ワーカー起動")):
        services.recover(here_only=True)
