"""Rules of the house that a tool can see: who may start tasks, read unscoped, and how long a file grows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SOURCES = [
    path
    for folder in ("apps", "shinjuku_shuno", "script")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST, LONGEST_TEST = 400, 600
# Longer than the rule, each with what is to become of it. A row that is no longer needed fails.
TOO_LONG = {
    "apps/receipts/generating/breaking.py": "a list of kinds, to be divided by what is broken",
    "tests/receipts/test_generating.py": "to be divided by layout",
}
# Where a queryset of a scoped model may begin without visible_to: through a file or payment that
# was found by visible_to, or to be filtered by it in the same statement.
SCOPED = {"ReceiptFile", "ReceiptLine", "Payment", "PaymentEntry", "FileIssue"}
THROUGH_A_VISIBLE_FILE = {
    ("apps/receipts/views/reading.py", "ReceiptLine"),
    ("apps/home/views.py", "ReceiptFile"),
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name_of)
def test_no_file_grows_long(path: Path) -> None:
    longest = LONGEST_TEST if path in TESTS else LONGEST
    count = len(path.read_text(encoding="utf-8").splitlines())
    if name_of(path) in TOO_LONG:
        assert count > longest, "short enough now: take it out of TOO_LONG"
    else:
        assert count <= longest


def test_only_start_queues_a_task() -> None:
    """After the commit, once: a task queued inside a transaction finds no row, or one rolled back."""
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function, node in _calls(tree):
            if node.attr in ("delay", "apply_async", "send_task"):
                found.append((name_of(path), function))
    assert found == [("apps/receipts/services/running.py", "start")]


def _calls(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.Attribute]]:
    for node in ast.iter_child_nodes(tree):
        here = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        if isinstance(node, ast.Attribute):
            yield here, node
        yield from _calls(node, here)


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in SOURCES
        if path.name in ("admin.py", "forms.py", "context.py", "views.py") or "views" in path.parts
    ],
    ids=name_of,
)
def test_a_screen_reads_payers_through_visible_to_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    unscoped = {
        (name_of(path), model)
        for model, call in re.findall(
            r"\b(\w+)\.(?:_default_manager|_base_manager|objects)\.(\w+)", text
        )
        if model in SCOPED and call != "visible_to"
    }
    assert unscoped <= THROUGH_A_VISIBLE_FILE
    assert ".raw(" not in text and ".extra(" not in text and "cursor()" not in text


def test_every_model_with_payers_can_be_asked_what_is_visible() -> None:
    for label in ("receipts.ReceiptFile", "receipts.ReceiptLine", "payments.Payment"):
        assert hasattr(apps.get_model(label).objects, "visible_to"), label


def test_a_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in SOURCES
        if path.stat().st_size
        and path.name not in ("apps.py", "urls.py", "admin_site.py", "router.py", "__init__.py")
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
