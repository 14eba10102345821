"""The importer's doors as the tests use them, and what lies in the database and the vault after."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command

from apps.receipts import vault
from apps.receipts.models import ReceiptFile

LAYOUTS = ["shinjuku-120", "smbc-120", "mufj-120", "atpayment-97", "dsk-csv"]


@dataclass
class Run:
    """One run of the command: its exit code and the objects it printed, one per file."""

    exit_code: int
    printed: list[dict[str, Any]]

    def __getitem__(self, key: str) -> Any:
        return self.printed[0][key]

    @property
    def file(self) -> ReceiptFile:
        """The newest row: the file this run took in."""
        found = ReceiptFile.objects.filter(sha256=self["sha256"]).first()
        assert found is not None
        return found

    @property
    def codes(self) -> list[str]:
        return [one["code"] for one in self["errors"]]

    @property
    def notices(self) -> list[str]:
        return [one["code"] for one in self["notices"]]


def command(*paths: Path | str, json_output: bool = True) -> Run:
    """`manage.py import_receipts`; options may stand among the paths."""
    said = io.StringIO()
    code = 0
    try:
        call_command(
            "import_receipts",
            *(str(path) for path in paths),
            *(["--json"] if json_output else []),
            stdout=said,
        )
    except SystemExit as end:
        code = int(end.code or 0)
    lines = said.getvalue().splitlines()
    return Run(code, [json.loads(line) for line in lines] if json_output else [])


def row_counts() -> dict[str, int]:
    """Rows of every table of the business database (the access log is another)."""
    return {
        model._meta.label: model._default_manager.using("default").count()
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label != "accesslog" and model._meta.managed and not model._meta.proxy
    }


def in_vault() -> list[str]:
    return sorted(path.name for path in vault.folder().iterdir())
