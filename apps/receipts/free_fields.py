"""自由使用欄: the 21 free digits of the barcode, split into named parts per 登録業務.

The split is data (data/free_fields.toml), unconfirmed until the ward has the specification.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from apps.receipts.barcode import FREE

DATA = Path(__file__).parent / "data" / "free_fields.toml"
LENGTH = FREE.stop - FREE.start


@dataclass(frozen=True)
class Part:
    """One named part: its place among the 21 digits, 0-based."""

    name: str
    label: str
    offset: int
    length: int
    kind: str = "digits"  # or "year": the last two digits of a 西暦 fiscal year

    @property
    def slice(self) -> slice:
        return slice(self.offset, self.offset + self.length)


@dataclass(frozen=True)
class FreeField:
    """The split of one business, with where it comes from and whether the ward confirmed it."""

    business: str
    version: int
    status: str
    source: str
    parts: tuple[Part, ...]

    @property
    def confirmed(self) -> bool:
        return self.status == "confirmed"

    def __getitem__(self, name: str) -> Part:
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)

    def split(self, digits: str) -> dict[str, str]:
        """Values by part name, in order. Digits are kept as they stand, leading zeros included."""
        _check_length(digits)
        return {part.name: digits[part.slice] for part in self.parts}

    def labelled(self, digits: str) -> dict[str, str]:
        """The same by Japanese label, for a screen."""
        _check_length(digits)
        return {part.label: digits[part.slice] for part in self.parts}

    def join(self, values: Mapping[str, str]) -> str:
        """The 21 digits from values by part name, each filled with zeros on the left."""
        digits = "".join(values[part.name].rjust(part.length, "0") for part in self.parts)
        _check_length(digits)
        return digits


@cache
def all_free_fields() -> dict[str, FreeField]:
    """The split of every business; raises ValueError where one does not make 21 digits."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    found = {}
    for business, row in data["businesses"].items():
        parts, offset = [], 0
        for part in row["parts"]:
            parts.append(Part(offset=offset, **part))
            offset += part["length"]
        if offset != LENGTH:
            raise ValueError(f"{DATA.name}: {business} が{LENGTH}桁になりません（{offset}桁）。")
        found[business] = FreeField(
            business, data["version"], data["status"], data["source"], tuple(parts)
        )
    return found


def get(business: str) -> FreeField:
    """The split of that business; KeyError when none is known."""
    return all_free_fields()[business]


def split(business: str, free_field: str) -> dict[str, str]:
    """The free field's parts by name (labels: `get(business).labelled`)."""
    return get(business).split(free_field)


def _check_length(digits: str) -> None:
    if len(digits) != LENGTH:
        raise ValueError(f"自由使用欄は{LENGTH}桁です（{digits!r}）。")
