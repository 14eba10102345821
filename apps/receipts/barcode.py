"""The 44-digit GS1-128 barcode of a 納付書: where its parts are, and its check digit.

Sources: receipt-files.md (b.1) for the parts, (b.2) for the check digit and its test vectors.
Positions are 0-based digits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LENGTH = 44
APPLICATION = "91"  # 識別コード, GS1 application identifier of a Japanese payment slip
MAKER = slice(2, 8)  # 請求書発行企業コード（メーカーコード）
FREE = slice(8, 29)  # 自由使用欄
PAYEE = slice(8, 13)  # 収納機関コード, at the agencies that take the first five free digits for it
REISSUE = slice(29, 30)  # 再発行区分
DUE = slice(30, 36)  # 支払期限 YYMMDD
STAMP = slice(36, 37)  # 印紙フラグ
AMOUNT = slice(37, 43)  # 支払金額, yen
CHECK = slice(43, 44)  # check digit
NO_DUE = "999999"

_COUNTED = CHECK.start
_ZERO = ord("0")


def check_digit(digits43: str) -> str:
    """The 44th digit for the first 43: modulus 10, weight 3 (receipt-files.md b.2)."""
    if len(digits43) != _COUNTED or not (digits43.isascii() and digits43.isdigit()):
        raise ValueError(f"検査数字は{_COUNTED}桁の数字から求めます（{digits43!r}）。")
    figures = [ord(one) - _ZERO for one in digits43]
    return str(-(3 * sum(figures[0::2]) + sum(figures[1::2])) % 10)


def check_digits(matrix: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The check digit (0 to 9, not ASCII) of every row of ASCII digits, n x 43 or more.

    Columns after the 43rd are not read. What it returns for a row with other bytes than digits
    means nothing: the caller looks for those first.
    """
    # From the right end of the 43 digits 3, 1, 3…; as 43 is odd, the left end too begins with 3.
    # Each sum is at most 22 x 9, so one byte holds it.
    figures = matrix[:, :_COUNTED] - np.uint8(_ZERO)
    tripled = figures[:, 0::2].sum(axis=1, dtype=np.uint8).astype(np.int16)
    single = figures[:, 1::2].sum(axis=1, dtype=np.uint8)
    digits: npt.NDArray[np.uint8] = (-(3 * tripled + single) % 10).astype(np.uint8)
    return digits


def check_digits_right(matrix: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether the 44th ASCII digit of each row is the right one, n x 44 or more."""
    right: npt.NDArray[np.bool_] = matrix[:, _COUNTED] == check_digits(matrix) + _ZERO
    return right
