"""The sentences of an issue: what is wrong, and what to do (data/issues.toml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from apps.organization.models import Business

from .reading.findings import rules

_NEWLINES = {"crlf": "CRLF", "lf": "LF", "none": "改行なし"}


class Said(Protocol):
    code: str
    field: str
    value: str

    @property
    def params(self) -> Mapping[str, Any]: ...


def message(issue: Said) -> str:
    """What is wrong, as a sentence."""
    text = _fill(rules()[issue.code]["message"], issue)
    if issue.params.get("more"):
        text += " 指摘が多いため、ここで検証をやめました。"
    return text


def remedy(issue: Said) -> str:
    """What to do next, as a sentence."""
    return _fill(rules()[issue.code]["remedy"], issue)


def _fill(template: str, issue: Said) -> str:
    values: dict[str, Any] = {"field": issue.field or "項目", "value": issue.value, **issue.params}
    if issue.code.startswith("business"):
        names = dict(Business.objects.values_list("code", "name"))
        for key in ("actual", "expected"):
            values[key] = names.get(values.get(key, ""), values.get(key))
        values["businesses"] = "、".join(
            names.get(code, code) for code in values.get("businesses", [])
        )
    if issue.code == "newline-not-of-layout":
        values["value"] = _NEWLINES.get(issue.value, issue.value)
    return template.format_map(values)
