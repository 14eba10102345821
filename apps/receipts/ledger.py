"""The books above: receipts hands its staged lines to whoever keeps the payments.

Imports go downward only, so the app above registers itself here when Django starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .models import ReceiptFile


@dataclass(frozen=True)
class Posted:
    """What became of a file's staged lines."""

    accepted: int
    duplicate: int
    payments_created: int


class Ledger(Protocol):
    """What receipts asks of the app above; each is called inside receipts' transaction."""

    def post(self, file: ReceiptFile) -> Posted:
        """Turn the staged lines (registering.staging.TABLE) of the file into payments and entries."""

    def withdraw(self, file: ReceiptFile) -> None:
        """Take the file's entries out of the books again; raises NotPossible once reconciled."""

    def effect_of_withdrawal(self, file: ReceiptFile) -> dict[str, int]:
        """What withdraw would do: counts and yen, for the person who must confirm it."""


_ledger: Ledger | None = None


def keep(ledger: Ledger) -> None:
    global _ledger
    _ledger = ledger


def kept() -> Ledger:
    if _ledger is None:
        raise RuntimeError(
            "収納の台帳が登録されていません。INSTALLED_APPS に apps.payments が要ります。"
        )
    return _ledger
