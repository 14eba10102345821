"""The one door through which access records are written."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

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
    """The person at the server's keyboard, by operating-system account."""
    return Actor(f"command:{command}（{getpass.getuser()}）")


def record(
    action: str, target: str, result: str = "成功", *, actor: Actor | None = None, **detail: Any
) -> AccessRecord:
    """Write one access record durably, on its own connection.

    `target` and `detail` name objects by number and never hold payer data. Raises RecordNotWritten.
    """
    who = actor or current_actor()
    try:
        return AccessRecord.objects.create(
            actor=who.name,
            actor_id=who.staff_id,
            department=who.department,
            terminal=who.terminal,
            action=action,
            target=target[:300],
            result=result,
            detail=detail,
        )
    except Exception as error:
        raise RecordNotWritten("アクセス記録を書き込めませんでした。") from error
