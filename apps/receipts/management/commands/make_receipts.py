"""Invented receipt files, good and bad, for the demonstration, the tests and the benchmarks."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.receipts import generating, layouts
from apps.receipts.generating import breaking

START = datetime.date(2026, 4, 1)


class Command(BaseCommand):
    help = "架空の受信ファイルを作ります。同じ指定なら同じ内容になります。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--layout", metavar="CODE", help="レイアウト")
        parser.add_argument("--business", metavar="CODE", help="登録業務（tax, nhi, ltc, elderly）")
        parser.add_argument("--days", type=int, default=1, help="続けて何日分か（1日1ファイル）")
        parser.add_argument(
            "--records",
            type=int,
            default=200,
            help="1ファイルのデータレコード数（1日分ならちょうど、続けてならおよそ）",
        )
        parser.add_argument("--seed", type=int, default=1, help="乱数の種")
        parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="置くフォルダ")
        parser.add_argument(
            "--start", metavar="YYYY-MM-DD", type=datetime.date.fromisoformat, default=START
        )
        parser.add_argument("--newline", choices=["crlf", "lf", "none"])
        parser.add_argument("--break", dest="kind", metavar="KIND", help="誤りのあるファイルにする")
        parser.add_argument("--size", type=int, help="one-long-line の大きさ（バイト）")
        parser.add_argument("--list-kinds", action="store_true", help="誤りの種類を並べて終わる")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list_kinds"]:
            for code, explanation in breaking.KINDS.items():
                self.stdout.write(f"{code:20} {explanation}")
            return
        if not (options["layout"] and options["business"] and options["output"]):
            raise CommandError("--layout と --business と -o を指定してください。", returncode=2)
        try:
            self._write(options)
        except (generating.GeneratingError, layouts.LayoutError) as error:
            raise CommandError(str(error), returncode=2) from None
        except OSError as error:
            raise CommandError(
                f"{options['output']} に書けません（{error}）。", returncode=2
            ) from None

    def _write(self, options: dict[str, Any]) -> None:
        if options["days"] < 1:
            raise generating.GeneratingError("--days は1以上です。")
        folder: Path = options["output"]
        folder.mkdir(parents=True, exist_ok=True)
        for name, _, writer in generating.write_days(
            options["layout"],
            options["business"],
            count=options["days"],
            records=options["records"],
            seed=options["seed"],
            start=options["start"],
            kind=options["kind"],
            newline=options["newline"],
            size=options["size"],
        ):
            # Under another name until whole: the inbox must never see half a file.
            unfinished = folder / f".{name}.part"
            try:
                with unfinished.open("wb") as target:
                    writer(target)
                unfinished.replace(folder / name)
            finally:
                unfinished.unlink(missing_ok=True)
            self.stdout.write(str(folder / name))
