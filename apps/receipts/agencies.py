"""Agencies 収納代行会社 and their code tables: company (+ store) code to brand, payee code to business.

Never one table for all: the same code means different things at different agencies (design.md 3).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Payee:
    """収納機関コード: which 登録業務 a payee code of an agency belongs to."""

    code: str
    business: str
    also: tuple[str, ...] = ()  # businesses it may be tried with when a person says so
    demonstration: bool = False

    @property
    def businesses(self) -> tuple[str, ...]:
        return (self.business, *self.also)


@dataclass(frozen=True)
class Company:
    """小売業企業コード: the brand behind a company code, or behind `company+store`."""

    brand: str
    demonstration: bool = False


@dataclass(frozen=True)
class CodeTable:
    """符号表 of one agency."""

    code: str
    name: str
    version: int
    source: str
    agent_codes: tuple[str, ...]
    companies: Mapping[str, Company]
    payees: Mapping[str, Payee]

    def payees_of(self, business: str) -> list[Payee]:
        return [payee for payee in self.payees.values() if payee.business == business]


@cache
def all_tables() -> dict[str, CodeTable]:
    tables = {}
    for path in sorted((DATA / "agencies").glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        tables[data["code"]] = CodeTable(
            code=data["code"],
            name=data["name"],
            version=data["version"],
            source=data["source"],
            agent_codes=tuple(data["agent_codes"]),
            companies={code: Company(**row) for code, row in data["companies"].items()},
            payees={
                row["code"]: Payee(**{**row, "also": tuple(row.get("also", ()))})
                for row in data["payees"]
            },
        )
    return tables


@dataclass(frozen=True)
class DataType:
    """データ種別: 速報, 確報, 速報取消 and the post office's; `role` is what it does to a payment."""

    code: str
    name: str
    role: str


@cache
def data_types() -> dict[str, DataType]:
    rows = tomllib.loads((DATA / "data_types.toml").read_text(encoding="utf-8"))["types"]
    return {code: DataType(code, row["name"], row["role"]) for code, row in rows.items()}


@cache
def brands() -> dict[str, Any]:
    return tomllib.loads((DATA / "brands.toml").read_text(encoding="utf-8"))
