"""Writes on receipt files: taking in, running, retrying, cancelling, purging."""

from .cancelling import NotPossible, cancel
from .purging import purge
from .reception import take_in
from .running import process, recover, retry, start

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
