"""Layouts レイアウト: what a receipt file of one agency looks like, read from data and validated.

A layout is a TOML file (design.md 3). Those shipped are in data/layouts; an administrator adds or
corrects one by putting a file into RECEIPTS_DIR/layouts with a higher version, without a release.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "data" / "layouts"

FIXED_RECORDS = ("header", "data", "trailer", "end")
KINDS = frozenset(
    "type data_type date time barcode text digits number amount sign spare".split()
)  # fmt: skip
REQUIRED_DATA_FIELDS = ("data_type", "received_on", "barcode", "company_code", "store_code")


class LayoutError(ValueError):
    """A layout file that cannot be used; the text lists everything that is wrong with it."""


@dataclass(frozen=True)
class Field:
    """項目: one field of a record. `offset` is in bytes from 0 (of the aligned row, for a CSV)."""

    name: str
    label: str
    offset: int
    length: int
    kind: str
    optional: bool = False
    item: str = ""  # the 情報項目 of the source documents that it carries
    prefix: str = ""  # CSV: letters before the value, not part of it
    zeros: bool = False  # CSV: shorter numbers are filled with zeros on the left
    repeats: tuple[int, int] | None = None  # must equal this part of the barcode

    @property
    def end(self) -> int:
        return self.offset + self.length

    @property
    def slice(self) -> slice:
        return slice(self.offset, self.end)


@dataclass(frozen=True)
class Total:
    """合計欄: a control total in a trailer or end record and what it counts."""

    field: str
    of: str  # count | amount | records
    type: str = ""


@dataclass(frozen=True)
class BarcodeForm:
    """One way the 44 digits are laid out in the barcode field: literal digits or [offset, length]."""

    name: str
    label: str
    parts: tuple[str | tuple[int, int], ...]


@dataclass(frozen=True)
class Record:
    """レコード: one record type with its fields."""

    kind: str
    code: str
    fields: tuple[Field, ...]
    totals: tuple[Total, ...] = ()
    barcode_forms: tuple[BarcodeForm, ...] = ()

    def __getitem__(self, name: str) -> Field:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str) -> Field | None:
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True)
class Layout:
    """レイアウト: everything needed to read, check and write a kind of file."""

    code: str
    name: str
    version: int
    status: str
    source: str
    agency: str
    kind: str
    newlines: tuple[str, ...]
    structure: Mapping[str, tuple[str, ...]]
    data_types: Mapping[str, str]
    records: Mapping[str, Record]
    record_length: int = 0
    encoding: str = "cp932"
    heading: tuple[str, ...] = ()
    error_prefix: str = ""
    amount_from_column: tuple[str, ...] = ()
    partial: bool = True
    before_start: str = "notice"
    path: Path | None = field(default=None, compare=False)

    @property
    def data(self) -> Record:
        return self.records["data"]

    @property
    def confirmed(self) -> bool:
        return self.status == "confirmed"

    def __str__(self) -> str:
        return f"{self.name}（{self.code} 第{self.version}版）"


@cache
def all_layouts() -> dict[str, Layout]:
    """Every layout by code, the highest version of each; a faulty added file is left out (see added)."""
    found: dict[str, Layout] = {}
    usable, faults = added()
    for fault in faults:
        logger.error("added layout left out: %s", fault)
    for layout in [*map(load, sorted(SHIPPED.glob("*.toml"))), *usable]:
        if layout.code not in found or layout.version > found[layout.code].version:
            found[layout.code] = layout
    return found


def added() -> tuple[list[Layout], list[str]]:
    """The layouts an administrator has added, and a sentence for each file that cannot be used."""
    usable, faults = [], []
    for path in sorted((Path(settings.RECEIPTS_DIR) / "layouts").glob("*.toml")):
        try:
            usable.append(load(path))
        except LayoutError as error:
            faults.append(str(error))
    return usable, faults


def get(code: str) -> Layout:
    """The layout of that code; raises LayoutError naming those there are."""
    try:
        return all_layouts()[code]
    except KeyError:
        raise LayoutError(
            f"レイアウト「{code}」はありません。あるのは {'、'.join(sorted(all_layouts()))} です。"
        ) from None


def load(path: Path) -> Layout:
    """Read and validate one layout file; raises LayoutError with every fault at once."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayoutError(
            f"{path.name} を読めません（{error}）。TOML の書き方を確かめてください。"
        ) from error
    try:
        layout = _build(data, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LayoutError(f"{path.name} に必要な記述がないか、形が違います（{error}）。") from error
    if faults := validate(layout):
        raise LayoutError(f"{path.name}: " + " ".join(faults))
    return layout


_KEYS = frozenset(
    "code name version status source agency kind record_length newlines encoding heading error_prefix"
    " amount_from_column structure policy data_types records".split()
)
_RECORD_KEYS = frozenset("code fields totals barcode_forms".split())


def _unknown(found: set[str], known: frozenset[str], where: str) -> None:
    """A misplaced key would be silently without effect."""
    if strange := found - known:
        raise ValueError(f"{where} に知らない記述 {'、'.join(sorted(strange))} があります")


def _build(data: dict[str, Any], path: Path) -> Layout:
    policy = data["policy"]
    _unknown(set(data), _KEYS, "ファイル")
    for kind, record in data["records"].items():
        _unknown(set(record), _RECORD_KEYS, f"records.{kind}")
    return Layout(
        code=data["code"],
        name=data["name"],
        version=data["version"],
        status=data["status"],
        source=data["source"],
        agency=data["agency"],
        kind=data["kind"],
        newlines=tuple(data["newlines"]),
        structure={before: tuple(after) for before, after in data["structure"].items()},
        data_types=dict(data["data_types"]),
        records={kind: _record(kind, record) for kind, record in data["records"].items()},
        record_length=data.get("record_length", 0),
        encoding=data.get("encoding", "cp932"),
        heading=tuple(data.get("heading", ())),
        error_prefix=data.get("error_prefix", ""),
        amount_from_column=tuple(data.get("amount_from_column", ())),
        partial=policy["partial"],
        before_start=policy["before_start"],
        path=path,
    )


def _record(kind: str, data: dict[str, Any]) -> Record:
    fields, place = [], 0
    for row in data["fields"]:
        # A CSV names no offsets: its columns stand side by side in the aligned row.
        values = {"offset": place, **row}
        if "repeats" in values:
            values["repeats"] = tuple(values["repeats"])
        fields.append(Field(**values))
        place = fields[-1].end
    forms = data.get("barcode_forms") or [{"name": "gs1", "label": "GS1-128", "parts": [[0, 44]]}]
    return Record(
        kind=kind,
        code=data["code"],
        fields=tuple(fields),
        totals=tuple(Total(**row) for row in data.get("totals", ())),
        barcode_forms=tuple(
            BarcodeForm(
                form["name"],
                form["label"],
                tuple(
                    part if isinstance(part, str) else (part[0], part[1]) for part in form["parts"]
                ),
            )
            for form in forms
        ),
    )


def validate(layout: Layout) -> list[str]:
    """Every fault of a layout, each a sentence; an empty list when it may be used."""
    faults = []
    if layout.kind not in ("fixed", "csv"):
        faults.append(f"kind は fixed か csv です（{layout.kind}）。")
    if layout.status not in ("confirmed", "unconfirmed"):
        faults.append(f"status は confirmed か unconfirmed です（{layout.status}）。")
    if unknown := set(layout.newlines) - {"crlf", "lf", "none"}:
        faults.append(f"newlines に知らない値があります（{'、'.join(sorted(unknown))}）。")
    if layout.before_start not in ("notice", "reject"):
        faults.append("policy.before_start は notice か reject です。")
    expected = FIXED_RECORDS if layout.kind == "fixed" else ("data",)
    if set(layout.records) != set(expected):
        faults.append(f"records は {'、'.join(expected)} が要ります。")
        return faults
    for record in layout.records.values():
        faults += _record_faults(layout, record)
    faults += [
        f"records.data に {name} がありません。"
        for name in REQUIRED_DATA_FIELDS
        if layout.data.get(name) is None
    ]
    for form in layout.data.barcode_forms:
        length = sum(len(part) if isinstance(part, str) else part[1] for part in form.parts)
        if length != 44:
            faults.append(f"barcode_forms の {form.name} は44桁になりません（{length}桁）。")
    return faults


def _record_faults(layout: Layout, record: Record) -> list[str]:
    faults, place = [], 0
    for one in record.fields:
        if one.kind not in KINDS:
            faults.append(f"{record.kind}.{one.name} の kind「{one.kind}」はありません。")
        if one.offset != place:
            faults.append(
                f"{record.kind}.{one.name} は {place} バイト目から始まるはずです（{one.offset}）。"
            )
        place = one.end
    if layout.kind == "fixed" and place != layout.record_length:
        faults.append(
            f"{record.kind} の項目の長さの合計 {place} が record_length {layout.record_length} と違います。"
        )
    faults += [
        f"{record.kind} の合計欄 {total.field} がありません。"
        for total in record.totals
        if record.get(total.field) is None
    ]
    return faults
