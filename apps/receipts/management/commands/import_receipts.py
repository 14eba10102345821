"""`manage.py import_receipts FILE…`: the command door of the importer."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.accesslog.services import acting_as, command_actor
from apps.receipts import command, layouts


class Command(BaseCommand):
    help = "収納データのファイルを検証し、登録する。終了コード: 0 全部登録 / 1 エラー行を除いて登録 / 2 登録せず"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--layout", default="auto", choices=["auto", *sorted(layouts.all_layouts())]
        )
        parser.add_argument("--business", default="", help="業務コード（省けば中身から決める）")
        parser.add_argument("--dry-run", action="store_true", help="検証だけして何も書かない")
        parser.add_argument("--json", action="store_true", help="ファイルごとに1つの JSON を出す")

    def handle(self, *args: Any, **options: Any) -> None:
        worst = 0
        with acting_as(command_actor("import_receipts")):
            for path in options["files"]:
                outcome = command.import_path(
                    path,
                    layout=options["layout"],
                    business=options["business"],
                    dry_run=options["dry_run"],
                )
                worst = max(worst, outcome.exit_code)
                if options["json"]:
                    self.stdout.write(json.dumps(outcome.as_dict(), ensure_ascii=False))
                else:
                    self.stdout.write(outcome.as_text())
        if worst:
            sys.exit(worst)
