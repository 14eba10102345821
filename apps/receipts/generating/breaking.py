"""Each kind of bad file: one fault and, as far as can be, nothing else wrong.

A fault that changes lines leaves the control totals true to the lines as they then stand; a line
whose data type or amount cannot be read is in no amount total.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from apps.receipts import agencies, barcode
from apps.receipts.generating import slips, writing
from apps.receipts.generating.slips import GeneratingError
from apps.receipts.generating.writing import NEWLINES, Tally
from apps.receipts.layouts import BarcodeForm, Layout

LONG_LINE = "one-long-line"
LONG_LINE_SIZE = 1 << 20

Fault = Callable[["Sheet"], bytes | None]

_FAULTS: dict[str, Fault] = {}
KINDS: dict[str, str] = {}  # code -> what is wrong with the file, for people


class Sheet:
    """A good file taken apart: its records without newlines, to be changed and put together."""

    def __init__(
        self, layout: Layout, business: str, day: datetime.date, good: bytes, newline: bytes
    ) -> None:
        self.layout = layout
        self.business = business
        self.day = day
        self.good = good
        self.newline = newline
        self.fields = {one.name: one for one in layout.data.fields}
        if newline:
            self.records = [bytearray(one) for one in good.removesuffix(newline).split(newline)]
        else:
            step = layout.record_length
            self.records = [bytearray(good[at : at + step]) for at in range(0, len(good), step)]
        self.last_newline = good.endswith(newline)

    @property
    def csv(self) -> bool:
        return self.layout.kind == "csv"

    def joined(self) -> bytes:
        end = self.newline if self.last_newline else b""
        return self.newline.join(self.records) + end

    def kind(self, place: int) -> str:
        """header, data, trailer or end; in a CSV heading or data."""
        if self.csv:
            return "data" if place else "heading"
        code = chr(self.records[place][0])
        found = (kind for kind, one in self.layout.records.items() if one.code == code)
        return next(found, "")

    def places(self, kind: str) -> list[int]:
        return [place for place in range(len(self.records)) if self.kind(place) == kind]

    def place(self, line: bytearray) -> int:
        return next(place for place, one in enumerate(self.records) if one is line)

    def a_line(self, data_type: str = "") -> bytearray:
        """A data record well inside the file; of that standard type if one is named."""
        lines = [self.records[place] for place in self.places("data")]
        if data_type:
            lines = [one for one in lines if self.data_type(one) == data_type]
        if not lines:
            raise GeneratingError(
                "データレコードがないのでこの誤りは作れません（--records を増やしてください）。"
            )
        return lines[len(lines) // 2]

    def has(self, name: str, why: str) -> None:
        if name not in self.fields:
            raise GeneratingError(f"{self.layout.code} には{why}がないので、この誤りは作れません。")

    def fixed_only(self) -> None:
        if self.csv:
            raise GeneratingError(f"{self.layout.code} は CSV なので、この誤りは作れません。")

    def csv_only(self) -> None:
        if not self.csv:
            raise GeneratingError(f"{self.layout.code} は CSV ではないので、この誤りは作れません。")

    def get(self, line: bytearray, name: str) -> str:
        one = self.fields[name]
        if self.csv:
            text = line.split(b",")[self._column(name)].decode(self.layout.encoding)
            return text.removeprefix(one.prefix)
        return line[one.slice].decode(self.layout.encoding)

    def put(self, line: bytearray, name: str, value: str | bytes) -> None:
        """Write a field; numbers are filled up with zeros by the caller."""
        one = self.fields[name]
        raw = value if isinstance(value, bytes) else value.encode(self.layout.encoding)
        if self.csv:
            columns = line.split(b",")
            columns[self._column(name)] = bytearray(one.prefix.encode() + raw)
            line[:] = b",".join(columns)
        else:
            line[one.slice] = raw.ljust(one.length)[: one.length]

    def _column(self, name: str) -> int:
        return list(self.fields).index(name)

    def data_type(self, line: bytearray) -> str:
        return self.layout.data_types.get(self.get(line, "data_type").strip(), "")

    def form(self, line: bytearray) -> BarcodeForm:
        """The form in which this line's barcode field holds 44 digits."""
        field = self.get(line, "barcode")
        for form in self.layout.data.barcode_forms:
            if _read(field, form).isdigit():
                return form
        return self.layout.data.barcode_forms[0]

    def bars(self, line: bytearray) -> str:
        return _read(self.get(line, "barcode"), self.form(line))

    def put_bars(self, line: bytearray, bars: str) -> None:
        """Write 44 characters in the form that the line has now, and what repeats them."""
        form = self.form(line)
        field = np.frombuffer(self.get(line, "barcode").encode(), np.uint8).reshape(1, -1).copy()
        writing.lay_out(field, slips.table([bars]), form)
        self.put(line, "barcode", field.tobytes())
        for one in self.layout.data.fields:
            if one.repeats:
                start, length = one.repeats
                self.put(line, one.name, bars[start : start + length])

    def change_bars(self, line: bytearray, part: slice, value: str) -> None:
        """Replace digits of the barcode and give it the check digit that then is right."""
        bars = self.bars(line)
        bars = bars[: part.start] + value + bars[part.stop :]
        self.put_bars(line, bars[:-1] + barcode.check_digit(bars[:-1]))

    def put_amount(self, line: bytearray, value: str) -> None:
        """The amount column, filled with zeros where the layout has it wide."""
        self.put(
            line, "amount", value if self.csv else value.rjust(self.fields["amount"].length, "0")
        )

    def amount(self, line: bytearray) -> int:
        if "amount" in self.fields:
            digits = self.get(line, "amount")
        else:
            digits = self.bars(line)[barcode.AMOUNT]
        return int(digits) if digits.isdigit() else 0

    def seal(self) -> None:
        """Make every control total true to the data records as they stand."""
        if self.csv:
            return
        tally, whole = Tally(), Tally()
        for place, record in enumerate(self.records):
            kind = self.kind(place)
            if kind == "data":
                tally.add(self.data_type(record), 1, self.amount(record))
            elif kind in ("trailer", "end"):
                of = tally if kind == "trailer" else whole
                self.put_totals(
                    place, writing.total_values(self.layout.records[kind], of, len(self.records))
                )
                if kind == "trailer":
                    whole.join(tally)
                    tally = Tally()

    def put_totals(self, place: int, values: dict[str, str]) -> None:
        record = self.layout.records[self.kind(place)]
        for name, digits in values.items():
            self.records[place][record[name].slice] = digits.encode()

    def one_more(self, kind: str, of: str, what: str) -> None:
        """Add one to the first filled total of that sort in the last record of that kind."""
        self.fixed_only()
        place = self.places(kind)[-1]
        record = self.layout.records[kind]
        for total in sorted(
            (total for total in record.totals if total.of == of),
            key=lambda total: int(self.records[place][record[total.field].slice]) == 0,
        ):
            number = int(self.records[place][record[total.field].slice]) + 1
            digits = str(number).rjust(record[total.field].length, "0")
            self.put_totals(place, {total.field: digits})
            return
        raise GeneratingError(f"{self.layout.code} には{what}がないので、この誤りは作れません。")


def check_kind(kind: str) -> None:
    """Raises GeneratingError when there is no such kind."""
    if kind not in KINDS:
        raise GeneratingError(
            f"誤りの種類「{kind}」はありません。--list-kinds で一覧を見られます。"
        )


def broken(
    kind: str, layout: Layout, business: str, day: datetime.date, good: bytes, newline: str
) -> bytes:
    """The good file with that fault; raises GeneratingError where the layout cannot have it."""
    sheet = Sheet(layout, business, day, good, NEWLINES[newline])
    whole = _FAULTS[kind](sheet)
    return sheet.joined() if whole is None else whole


def write_long_line(target: BinaryIO, layout: Layout, size: int | None) -> None:
    """A file of `size` bytes (1 MiB unless told) without any newline, written piece by piece."""
    if layout.kind == "csv":
        first = layout.heading[0].encode(layout.encoding)
    else:
        first = layout.records["header"].code.encode()
    rest = (LONG_LINE_SIZE if size is None else size) - len(first)
    if rest < 0:
        raise GeneratingError("--size が小さすぎます。")
    target.write(first)
    piece = b"7" * (1 << 20)
    while rest > 0:
        target.write(piece[:rest])
        rest -= len(piece)


def _read(field: str, form: BarcodeForm) -> str:
    return "".join(
        part if isinstance(part, str) else field[part[0] : part[0] + part[1]] for part in form.parts
    )


def _fault(code: str, explanation: str) -> Callable[[Fault], Fault]:
    def keep(fault: Fault) -> Fault:
        _FAULTS[code] = fault
        KINDS[code] = explanation
        return fault

    return keep


# ── the file as a whole ──


@_fault("empty", "空のファイル（0バイト）")
def _(sheet: Sheet) -> bytes:
    return b""


@_fault("truncated", "途中で切れたファイル（レコードの半ばで終わる）")
def _(sheet: Sheet) -> bytes:
    place = len(sheet.records) * 2 // 3
    record = sheet.records[place]
    sheet.records = [*sheet.records[:place], record[: len(record) // 2]]
    sheet.last_newline = False
    return sheet.joined()


@_fault("not-a-receipt", "収納データではない文書")
def _(sheet: Sheet) -> bytes:
    text = "会議のお知らせ\r\n\r\n来週の打合せは第2会議室で行います。\r\n資料は当日配ります。\r\n"
    return text.encode("cp932")


@_fault("utf16", "UTF-16 で保存し直したファイル")
def _(sheet: Sheet) -> bytes:
    return b"\xff\xfe" + sheet.good.decode("cp932").encode("utf-16-le")


@_fault("utf8-bom", "先頭に UTF-8 の BOM が付いたファイル")
def _(sheet: Sheet) -> bytes:
    return b"\xef\xbb\xbf" + sheet.good.decode("cp932").encode("utf-8")


@_fault("encoding", "文字コードとして読めないバイトが1行にある")
def _(sheet: Sheet) -> None:
    line = sheet.a_line()
    # A lead byte of cp932 with a blank behind it: no character at all.
    if sheet.csv:
        sheet.put(line, "company_name", b'"\x81 "')
    else:
        sheet.put(line, "store_code", b"\x81 " + sheet.get(line, "store_code").encode()[2:])


@_fault("zip", "ZIP に固めたままのファイル")
def _(sheet: Sheet) -> bytes:
    return _zipped({"data.dat": sheet.good})


@_fault("xlsx", "Excel ブックのままのファイル")
def _(sheet: Sheet) -> bytes:
    return _zipped(
        {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<x/>", "xl/workbook.xml": b"<x/>"}
    )


@_fault(LONG_LINE, "改行のない長い1行（大きさは --size、既定は1MiB）")
def _(sheet: Sheet) -> bytes:
    target = io.BytesIO()
    write_long_line(target, sheet.layout, None)
    return target.getvalue()


@_fault("mixed-newline", "改行が途中から変わるファイル")
def _(sheet: Sheet) -> bytes:
    sheet.a_line()
    other = b"\n" if sheet.newline == b"\r\n" else b"\r\n"
    half = len(sheet.records) // 2
    first, rest = sheet.records[:half], sheet.records[half:]
    end = other if sheet.last_newline else b""
    return sheet.newline.join([*first, bytearray()]) + other.join(rest) + end


@_fault("blank-lines", "空の行がはさまったファイル")
def _(sheet: Sheet) -> None:
    if not sheet.newline:
        raise GeneratingError("改行のないファイルに空の行は作れません。")
    sheet.records.insert(len(sheet.records) // 2, bytearray())


@_fault("eof-mark", "末尾に 0x1A（EOF マーク）が付いたファイル")
def _(sheet: Sheet) -> bytes:
    return sheet.good + b"\x1a"


@_fault("provider-error", "収納代行会社が送ってきたエラー通知（データではない）")
def _(sheet: Sheet) -> bytes:
    if not sheet.layout.error_prefix:
        raise GeneratingError(f"{sheet.layout.code} にエラー通知の形は定められていません。")
    lines = [
        sheet.layout.error_prefix,
        "システム連携収納データダウンロード(CVS055_4203)にエラーが発生しました。",
        f"日時：{sheet.day:%Y/%m/%d} 05:00:00",
        "エラー状況：ユーザID・パスワード・リモートアドレスの相違により認証に失敗しました。（0.0.0.0）",
    ]
    return "\r\n".join(lines).encode("cp932")


# ── structure ──


@_fault("short-record", "長さの足りないレコードが1つある")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    del sheet.a_line()[-3:]


@_fault("long-record", "長すぎるレコードが1つある")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    sheet.a_line().extend(b"   ")


@_fault("record-type", "知らないレコード区分（5）の行がある")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    sheet.a_line()[0:1] = b"5"
    sheet.seal()


@_fault("missing-header", "ヘッダーレコード（CSVは見出し行）がない")
def _(sheet: Sheet) -> None:
    del sheet.records[0]
    if not sheet.csv:
        sheet.seal()


@_fault("missing-trailer", "トレーラーレコードがない")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    del sheet.records[sheet.places("trailer")[-1]]
    sheet.seal()


@_fault("missing-end", "エンドレコードがない")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    del sheet.records[-1]


@_fault("extra-after-end", "エンドレコードの後にデータがある")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    sheet.records.append(bytearray(sheet.a_line()))


@_fault("data-after-trailer", "トレーラーレコードとエンドレコードの間にデータがある")
def _(sheet: Sheet) -> None:
    sheet.fixed_only()
    line = sheet.a_line()
    del sheet.records[sheet.place(line)]
    sheet.records.insert(len(sheet.records) - 1, line)
    sheet.seal()


@_fault("wrong-order", "レコードの順が違う（ヘッダーや見出しより先にデータがある）")
def _(sheet: Sheet) -> None:
    sheet.a_line()
    sheet.records[0], sheet.records[1] = sheet.records[1], sheet.records[0]


@_fault("header-only", "ヘッダーレコード（CSVは見出し行）だけで終わる")
def _(sheet: Sheet) -> None:
    del sheet.records[1:]


# ── control totals ──


@_fault("total-count", "トレーラーの件数が1件違う")
def _(sheet: Sheet) -> None:
    sheet.one_more("trailer", "count", "件数の合計欄")


@_fault("total-amount", "トレーラーの金額が1円違う")
def _(sheet: Sheet) -> None:
    sheet.one_more("trailer", "amount", "金額の合計欄")


@_fault("end-count", "エンドレコードのレコード総件数が1件違う")
def _(sheet: Sheet) -> None:
    sheet.one_more("end", "records", "レコード総件数")


# ── lines ──


@_fault("bad-date", "ありえない収納日（2月31日）の行がある")
def _(sheet: Sheet) -> None:
    sheet.put(sheet.a_line(), "received_on", f"{sheet.day.year}0231")


@_fault("bad-time", "ありえない収納時刻（24時60分）の行がある")
def _(sheet: Sheet) -> None:
    sheet.has("received_time", "収納時刻")
    sheet.put(sheet.a_line(), "received_time", "2460")


@_fault("check-digit", "バーコードの検査数字が合わない行がある")
def _(sheet: Sheet) -> None:
    line = sheet.a_line()
    bars = sheet.bars(line)
    sheet.put_bars(line, bars[:-1] + str((int(bars[-1]) + 1) % 10))


@_fault("barcode-letters", "バーコードに数字でない文字がある行がある")
def _(sheet: Sheet) -> None:
    line = sheet.a_line()
    bars = sheet.bars(line)
    # In the maker's digits, which no other column repeats.
    sheet.put_bars(line, bars[:4] + "ABC" + bars[7:])


@_fault("zero-amount", "金額が0円の行がある")
def _(sheet: Sheet) -> None:
    line = sheet.a_line("01")
    sheet.change_bars(line, barcode.AMOUNT, "000000")
    if "amount" in sheet.fields:
        sheet.put_amount(line, "0")
    sheet.seal()


@_fault("amount-not-digits", "金額が数字でない行がある")
def _(sheet: Sheet) -> None:
    line = sheet.a_line("01")
    if "amount" in sheet.fields:
        digits = sheet.get(line, "amount")
        sheet.put_amount(line, digits[:-2] + "O" + digits[-1])
    else:
        bars = sheet.bars(line)
        sheet.put_bars(line, bars[: barcode.AMOUNT.stop - 2] + "O" + bars[-2:])
    sheet.seal()


@_fault("amount-mismatch", "金額欄とバーコードの金額が違う行がある")
def _(sheet: Sheet) -> None:
    sheet.has("amount", "金額欄")
    line = sheet.a_line("01")
    sheet.put_amount(line, str(int(sheet.get(line, "amount")) + 1))
    sheet.seal()


@_fault("unknown-type", "知らないデータ種別の行がある")
def _(sheet: Sheet) -> None:
    sheet.put(sheet.a_line(), "data_type", "7" * sheet.fields["data_type"].length)
    sheet.seal()


@_fault("unknown-company", "符号表にない小売業企業コードの行がある")
def _(sheet: Sheet) -> None:
    known = agencies.all_tables()[sheet.layout.agency].companies
    length = sheet.fields["company_code"].length
    code = next(code for code in ("9" * length, "7" * length) if code not in known)
    sheet.put(sheet.a_line(), "company_code", code)


@_fault("unknown-payee", "符号表にない収納機関コードの行がある")
def _(sheet: Sheet) -> None:
    sheet.change_bars(sheet.a_line(), barcode.PAYEE, "99999")


@_fault("other-business", "別の業務の行がまじっている（3行まで）")
def _(sheet: Sheet) -> None:
    businesses = list(slips.profiles()["businesses"])
    other = businesses[(businesses.index(sheet.business) + 1) % len(businesses)]
    code = slips.issuer(sheet.layout, other, 0, 0, 0).payee_code
    sheet.a_line()
    places = sheet.places("data")
    for place in places[:: max(1, len(places) // 3)][:3]:
        sheet.change_bars(sheet.records[place], barcode.PAYEE, code)


@_fault("future-date", "収納日がファイル作成日より後（10年後）の行がある")
def _(sheet: Sheet) -> None:
    sheet.put(sheet.a_line(), "received_on", f"{sheet.day.year + 10}0401")


@_fault("before-start", "外部結合の開始日より前（2019年）に収納した行がある")
def _(sheet: Sheet) -> None:
    sheet.put(sheet.a_line(), "received_on", "20191001")


@_fault("duplicate-in-file", "まったく同じ行が2つある（誤りではなく、2件の収納）")
def _(sheet: Sheet) -> None:
    line = sheet.a_line()
    sheet.records.insert(sheet.place(line), bytearray(line))
    sheet.seal()


# ── CSV ──


@_fault("heading-wrong", "見出し行の列名が違う（CSV）")
def _(sheet: Sheet) -> None:
    sheet.csv_only()
    heading = sheet.records[0].split(b",")
    heading[3] = bytearray("バーコード番号".encode("cp932"))
    sheet.records[0][:] = b",".join(heading)


@_fault("column-count", "列が1つ足りない行がある（CSV）")
def _(sheet: Sheet) -> None:
    sheet.csv_only()
    line = sheet.a_line()
    line[:] = line[: line.rindex(b",")]


@_fault("unquoted", "引用符のない値にカンマがあり、列が1つ多い行がある（CSV）")
def _(sheet: Sheet) -> None:
    sheet.csv_only()
    line = sheet.a_line()
    name = sheet.get(line, "company_name").strip('"')
    sheet.put(line, "company_name", f"{name},本部")


@_fault("unclosed-quote", "引用符が閉じていない行がある（CSV）")
def _(sheet: Sheet) -> None:
    sheet.csv_only()
    line = sheet.a_line()
    sheet.put(line, "company_name", sheet.get(line, "company_name").removesuffix('"'))


@_fault("lost-zeros", "表計算ソフトで保存し直し、先頭の0が落ちた（CSV）")
def _(sheet: Sheet) -> None:
    sheet.csv_only()
    for place in sheet.places("data"):
        columns = bytes(sheet.records[place]).split(b",")
        columns = [re.sub(rb"^0+(?=\d)", b"", column) for column in columns]
        sheet.records[place][:] = b",".join(columns)


def _zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # The default date is 1980-01-01, so that the same file comes out each time.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
