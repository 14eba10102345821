"""Writes on receipt files: taking in, running, retrying, cancelling, purging."""

from .cancelling import NotPossible, cancel
from .purging import purge
from .reception import take_in
from .recovery import recover
from .running import process, retry, start

__all__ = [
    "NotPossible",
    "cancel",
    "process",
    "purge",
    "recover",
    "retry",
    "start",
    "take_in",
]
