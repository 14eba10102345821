"""Numbers of payers stay out of records and logs, however they got into the words."""

from __future__ import annotations

import logging
import re
from typing import Any

MASK = "〔番号〕"
SHORTEST = 14
"""The shortest number that names a payer: 納付書番号. Barcodes have 44 digits, free fields 21 or 16."""
BEYOND_KEYS = 20
"""In an address of ours a number of 19 digits may be a row's key; a longer one cannot be."""

# Not the digits inside a SHA-256 or a UUID, which happen to stand in a row.
_LONG = {
    shortest: re.compile(rf"(?<![0-9A-Za-z])\d{{{shortest},}}(?![0-9A-Za-z])")
    for shortest in (SHORTEST, BEYOND_KEYS)
}


def masked(text: str, shortest: int = SHORTEST) -> str:
    """The text with every number of at least that many digits taken out."""
    return _LONG[shortest].sub(MASK, text)


def masked_detail(value: Any) -> Any:
    """The same for what a record holds as detail, at any depth."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {str(key): masked_detail(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [masked_detail(one) for one in value]
    return value


class MaskingFormatter(logging.Formatter):
    """A database's error names the values of the row it refused; the log must not."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
