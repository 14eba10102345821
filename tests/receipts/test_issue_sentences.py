"""Every code of data/issues.toml has a sentence that can be filled, and every code used has one."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from apps.receipts import issues
from apps.receipts.models import FileIssue
from apps.receipts.reading.findings import Finding, rules

pytestmark = pytest.mark.django_db(databases="__all__")

PARAMS = {
    "actual": 97, "expected": 120, "said": 12_345, "counted": 12_344, "difference": 1, "unit": "円",
    "limit": 4096, "message": "認証に失敗しました。", "encoding": "cp932", "reason": "OperationalError",
    "candidates": "mufj-120、shinjuku-120", "agency": "NTTデータ", "at": "2026-04-01 09:00",
    "by": "試用 税務", "file_id": 3, "name": "a.dat", "rejected": 2, "rest": 98, "prefix": "EAN",
    "businesses": ["tax", "nhi"],
}  # fmt: skip
APP = Path(__file__).parent.parent.parent / "apps" / "receipts"


@pytest.mark.parametrize("code", sorted(rules()))
def test_a_sentence_is_filled_with_nothing_left_over(code: str, reference: None) -> None:
    rule = rules()[code]
    names = {
        name
        for part in (rule["message"], rule["remedy"])
        for _, name, _, _ in string.Formatter().parse(part)
        if name
    }
    params = {name: PARAMS[name] for name in names - {"field", "value"}}
    if code == "layout-mismatch":
        params |= {"actual": "mufj-120", "expected": "smbc-120"}
    if code == "business-mismatch":
        params |= {"actual": "tax", "expected": "nhi"}
    finding = Finding(code, rule["effect"], 2, "2", "収納日付", 3, "20260231", params)
    for said in (issues.message(finding), issues.remedy(finding)):
        assert said.endswith("。") and "{" not in said and "}" not in said and "None" not in said
    assert rule["effect"] in FileIssue.Effect.values


def test_every_code_the_programs_name_has_a_sentence() -> None:
    named = set()
    for path in [*APP.rglob("*.py")]:
        if "generating" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'(?:findings\.add|Finding)\(\s*"([a-z][a-z-]+)"', text))
        named |= set(re.findall(r'_(?:say|notice)\([^"\n]*"([a-z][a-z-]+)"', text))
    assert named <= set(rules()) and len(named) > 30


def test_two_businesses_in_one_file_are_named_in_words(reference: None) -> None:
    finding = Finding("business-mixed", "refuse", params={"businesses": ["tax", "ltc"]})
    assert "tax" not in issues.message(finding) and "、" in issues.message(finding)


def test_the_newline_is_named_as_people_do(reference: None) -> None:
    assert "改行なし" in issues.message(Finding("newline-not-of-layout", "refuse", value="none"))
