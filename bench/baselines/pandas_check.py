"""The same checks with pandas.read_fwf, as an experienced analyst would write them."""

import sys

import pandas as pd

FIELDS = {
    "kind": (0, 1), "type": (1, 3), "received_on": (3, 11), "time": (11, 15), "barcode_kind": (15, 16),
    "barcode": (16, 60), "spare1": (60, 63), "store": (63, 70), "spare2": (70, 72), "obtained": (72, 80),
    "due": (80, 88), "accounted": (88, 96), "company": (96, 102), "spare3": (102, 120),
}  # fmt: skip


def main(path: str) -> None:
    frame = pd.read_fwf(
        path, colspecs=list(FIELDS.values()), names=list(FIELDS), dtype=str, keep_default_na=False
    )
    trailers = frame[frame.kind == "8"]
    data = frame[frame.kind == "2"]
    wrong = ~data.type.isin(["01", "02", "03"])
    received = pd.to_datetime(data.received_on, format="%Y%m%d", errors="coerce")
    wrong |= received.isna()
    wrong |= ~data.time.str.fullmatch(r"([01]\d|2[0-3])[0-5]\d")
    wrong |= ~data.barcode.str.fullmatch(r"91\d{42}")
    figures = {place: data.barcode.str[place].astype("int8") for place in range(44)}
    total = sum(
        figures[place].astype("int16") * (3 if place % 2 == 0 else 1) for place in range(43)
    )
    wrong |= (-total) % 10 != figures[43]
    yen = data.barcode.str[37:43].astype("int64")
    wrong |= yen == 0
    for name in ("obtained", "due", "accounted"):
        blank = data[name].isin(["", "00000000"])
        wrong |= ~blank & pd.to_datetime(data[name], format="%Y%m%d", errors="coerce").isna()
    wrong |= ~data.company.str.fullmatch(r"[ -~]+") | ~data.store.str.fullmatch(r"[ -~]+")
    sums = yen.groupby(data.type).agg(["count", "sum"])
    print(len(data), int(wrong.sum()), *sums["count"], int(sums["sum"].sum()), len(trailers))


main(sys.argv[1])
