"""What a check finds, all at once: refusals, rejected lines and notices."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LIMIT = 10_000
"""A file with more rejected lines or refusals than this is refused, and no more are looked for."""


@cache
def rules() -> dict[str, dict[str, str]]:
    """Code to effect, message and remedy (data/issues.toml)."""
    path = Path(__file__).parent.parent / "data" / "issues.toml"
    found: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))["issues"]
    return found


@dataclass
class Finding:
    """指摘: one thing that is wrong or unusual; line 0 is the file as a whole."""

    code: str
    effect: str
    line: int = 0
    record_type: str = ""
    field: str = ""
    offset: int | None = None
    value: str = ""
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    occurrences: int = 1


class TooMany(Exception):
    """The list of findings is full."""


class Findings:
    """Collects findings; the same notice is kept once with how often it occurred."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self.rejected: set[int] = set()
        self._notices: dict[tuple[str, str, str], Finding] = {}

    @property
    def refused(self) -> bool:
        return any(one.effect == "refuse" for one in self.all)

    def add(
        self,
        code: str,
        line: int = 0,
        *,
        record_type: str = "",
        field: str = "",
        offset: int | None = None,
        value: str = "",
        effect: str | None = None,
        occurrences: int = 1,
        **params: Any,
    ) -> None:
        """Raises TooMany once LIMIT refusals and rejections are listed."""
        effect = effect or rules()[code]["effect"]
        if effect == "notice":
            key = (code, field, value)
            if known := self._notices.get(key):
                known.occurrences += occurrences
                return
            if len(self._notices) >= LIMIT:
                return
        elif len(self.all) - len(self._notices) >= LIMIT:
            raise TooMany
        finding = Finding(
            code, effect, line, record_type, field, offset, value[:200], params, occurrences
        )
        self.all.append(finding)
        if effect == "notice":
            self._notices[key] = finding
        elif effect == "reject":
            self.rejected.add(line)
