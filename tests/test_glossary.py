"""docs/glossary.md names what the screens and the models name."""

from __future__ import annotations

import tomllib
from pathlib import Path

from django.apps import apps
from django.db.models import Choices

from apps.accesslog import words
from apps.payments.models import Payment
from apps.receipts.agencies import data_types
from apps.receipts.models import Brand, FileIssue, ReceiptFile, ReceiptLine

GLOSSARY = Path("docs/glossary.md").read_text(encoding="utf-8")
ROWS = [line for line in GLOSSARY.splitlines() if line.startswith("|")]
CHOICES: list[type[Choices]] = [
    ReceiptFile.State,
    ReceiptFile.Door,
    ReceiptLine.Verdict,
    FileIssue.Effect,
    Payment.State,
    Brand.Channel,
]


def named(*wanted: str) -> bool:
    return any(all(one in row for one in wanted) for row in ROWS)


def test_every_model_has_its_word() -> None:
    for model in apps.get_models():
        if not model.__module__.startswith("apps.") or model.__name__.startswith("Historical"):
            continue
        name = f"{model._meta.app_label}.{model.__name__}"
        assert named(f"`{name}`", str(model._meta.verbose_name)), name


def test_every_state_has_its_word() -> None:
    for choices in CHOICES:
        for one in choices:
            code = one.value if isinstance(one.value, str) else one.name
            assert named(f"`{code}`", str(one.label)), one


def test_every_data_type_role_and_result_has_its_word() -> None:
    for code, kind in data_types().items():
        assert named(f"`{code}`", kind.name, f"`{kind.role}`"), code
    organization = Path("apps/organization/data/organization.toml").read_text(encoding="utf-8")
    for role in tomllib.loads(organization)["roles"]:
        assert named(f"`{role['code']}`", role["name"]), role["code"]
    for result, (sign, _) in words.RESULTS.items():
        assert named(f"{sign} {result}"), result
