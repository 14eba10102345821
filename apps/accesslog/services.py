"""The one door through which access records are written."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .masking import masked_detail
from .models import AccessRecord


class RecordNotWritten(RuntimeError):
    """The record could not be written, so the access must not take place."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a person of the staff, or a named part of the system (`system:...`, `command:...`)."""

    name: str
    staff_id: int | None = None
    department: str = ""
    terminal: str = ""


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


class NoActor(RuntimeError):
    """Something outside a request wrote without saying who acts."""


def current_actor() -> Actor:
    actor = _actor.get()
    if actor is None:
        raise NoActor("要求の外の処理は accesslog.services.acting_as で行為者を名のってください。")
    return actor


@contextlib.contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Everything inside is done by this actor."""
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def command_actor(command: str) -> Actor:
    """The person at the server's keyboard, by operating-system account: of the process, not of LOGNAME."""
    number = os.getuid()
    try:
        account = pwd.getpwuid(number).pw_name
    except KeyError:
        account = f"uid {number}"
    return Actor(f"command:{command}（{account}）")


def record(
    action: str, target: str, result: str = "成功", *, actor: Actor | None = None, **detail: Any
) -> AccessRecord:
    """Write one access record durably, on its own connection.

    `target` and `detail` name objects by number and never hold payer data. Raises RecordNotWritten.
    """
    return write(action, masked_detail(target), result, actor or current_actor(), detail)


def write(
    action: str, target: str, result: str, actor: Actor, detail: Mapping[str, Any]
) -> AccessRecord:
    """What `record` does, for those who know the actor. Raises RecordNotWritten."""
    try:
        return AccessRecord.objects.create(
            actor=_fitting("actor", actor.name),
            actor_id=actor.staff_id,
            department=_fitting("department", actor.department),
            terminal=_fitting("terminal", actor.terminal),
            action=_fitting("action", action),
            target=_fitting("target", target),
            result=result,
            detail=masked_detail(dict(detail)),
        )
    except Exception as error:
        raise RecordNotWritten("アクセス記録を書き込めませんでした。") from error


def _fitting(column: str, text: str) -> str:
    """As long as the column: a long address or name must not be a way to have no record."""
    length: int = getattr(AccessRecord._meta.get_field(column), "max_length", 0)
    return text.replace("\0", "�")[:length]
