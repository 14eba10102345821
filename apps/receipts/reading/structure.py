"""The order of records and the control totals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..layouts import Layout, Record
from . import values
from .blocks import DATA, END, KINDS, TRAILER, UNKNOWN, Block
from .findings import Findings
from .values import Ints

_START = len(KINDS) + 1
_NAMES = {number: name for name, number in KINDS.items()}
_TYPES = 101


@dataclass
class Tally:
    """件数 and 金額 of data records by data type (100: unreadable)."""

    counts: Counter[int] = field(default_factory=Counter)
    amounts: Counter[int] = field(default_factory=Counter)

    def add(self, types: Ints, amounts: Ints) -> None:
        counted = np.bincount(types, minlength=_TYPES)
        # Exact: float64 holds integers to 2**53, far above any file's yen.
        summed = np.bincount(types, weights=amounts, minlength=_TYPES)
        for number in np.flatnonzero(counted):
            self.counts[int(number)] += int(counted[number])
            self.amounts[int(number)] += int(summed[number])


class Structure:
    """Follows the records through the layout's order and checks every control total."""

    def __init__(self, layout: Layout, findings: Findings, *, fragment: bool = False) -> None:
        self.layout = layout
        self.findings = findings
        self.fragment = fragment
        self.controls: list[dict[str, Any]] = []
        self._previous = _START
        self._ended = False
        self._group = Tally()
        self._allowed = np.zeros((_START + 1, _START + 1), np.bool_)
        order = {"start": ("data",), "data": ("data", "eof")} if fragment else layout.structure
        for before, after in order.items():
            for kind in after:
                if kind != "eof":
                    self._allowed[KINDS.get(before, _START), KINDS[kind]] = True
        self._may_end = {KINDS[before] for before, after in order.items() if "eof" in after} or {
            END
        }

    def follow(self, block: Block) -> None:
        """Name every record that may not follow the one before it."""
        kinds = block.kinds
        before = np.concatenate([[self._previous], kinds[:-1]])
        for index in np.flatnonzero(~self._allowed[before, kinds]):
            self._out_of_order(block, int(index), int(before[index]))
        self._previous = int(kinds[-1])
        self._ended = self._ended or bool((kinds == END).any())

    def _out_of_order(self, block: Block, index: int, before: int) -> None:
        kind, line = int(block.kinds[index]), int(block.numbers[index])
        mark = block.raw(index)[:1].decode("cp932", "replace")
        if kind == UNKNOWN:
            self.findings.add("record-type-unknown", line, record_type=mark, value=mark)
            return
        if before == UNKNOWN:
            return  # the unknown record was named; what follows it is not at fault
        if before == END:
            code = "extra-after-end"
        elif self.layout.kind == "csv":
            code = "heading-missing" if before == _START else "record-order"
        elif before == _START or (before == TRAILER and kind == DATA):
            code = "header-missing"
        elif kind == END:
            code = "trailer-missing"
        else:
            code = "record-order"
        self.findings.add(
            code, line, record_type=mark, value=mark, before=_NAMES.get(before, "start")
        )

    def count(self, block: Block, types: Ints, amounts: Ints, whole: Tally) -> None:
        """Add the readable data records of a block, and compare at each trailer and end."""
        whole.add(types, amounts)
        marks = np.flatnonzero((block.kinds == TRAILER) | (block.kinds == END))
        readable = block.kinds == DATA
        if block.broken is not None:
            whole.counts[_TYPES - 1] += int((readable & block.broken).sum())
            readable = readable & ~block.broken
        done = 0
        place = np.cumsum(readable) if len(marks) else readable
        for mark in marks:
            upto = int(place[mark])
            self._group.add(types[done:upto], amounts[done:upto])
            done = upto
            self._compare(block, int(mark))
            if block.kinds[mark] == TRAILER:
                self._group = Tally()
        self._group.add(types[done:], amounts[done:])

    def _compare(self, block: Block, index: int) -> None:
        record: Record = self.layout.records[_NAMES[int(block.kinds[index])]]
        line = int(block.numbers[index])
        for total in record.totals:
            one = record[total.field]
            cell = block.rows[index : index + 1, one.slice]
            if values.not_digits(cell)[0]:
                continue  # named as a field already
            said = int(values.number(cell)[0])
            if total.of == "records":
                counted = line
            else:
                side = self._group.counts if total.of == "count" else self._group.amounts
                counted = side[int(total.type)] if total.type else sum(side.values())
            self.controls.append(
                {"line": line, "field": one.label, "file": said, "counted": counted}
            )
            if said != counted:
                self.findings.add(
                    "total-mismatch",
                    line,
                    record_type=record.code,
                    field=one.label,
                    offset=one.offset,
                    value=str(said),
                    said=said,
                    counted=counted,
                    difference=said - counted,
                    unit="円" if total.of == "amount" else "件",
                )

    def end(self, records: int) -> None:
        """The file is over: was it allowed to be?"""
        if self._ended:
            return  # and what came after it was named
        if self._previous not in self._may_end and self._previous != UNKNOWN:
            self.findings.add("end-missing", records, before=_NAMES.get(self._previous, "start"))
