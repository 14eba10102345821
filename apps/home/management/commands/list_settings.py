"""`manage.py list_settings`: docs/settings.md from the declarations of production."""

import json
import os
import subprocess
import sys
from typing import Any

from django.core.management.base import BaseCommand

# A process of its own: this one has its own settings, and production's have required values.
# Whatever is missing gets a value that also passes as an address, until all are declared.
DECLARED = """
import importlib, json, os
from dataclasses import asdict
from django.core.exceptions import ImproperlyConfigured
from shinjuku_shuno import environment

while True:
    try:
        importlib.import_module("shinjuku_shuno.settings.production")
        break
    except ImproperlyConfigured:
        missing = list(environment.declared)[-1]
        if missing in os.environ:
            raise
        scheme = "rediss" if missing == "REDIS_URL" else "postgres"
        os.environ[missing] = f"{scheme}://none.invalid/none"
print(json.dumps([asdict(setting) for setting in environment.declared.values()]))
"""

HEAD = """\
# 設定

`manage.py list_settings` が本番の設定（`shinjuku_shuno/settings/production.py`）の宣言から作った一覧です。
手で書き換えず、`.venv/bin/python manage.py list_settings > docs/settings.md` で作り直してください。

- すべて環境変数で渡します。秘密の値は `名前_FILE`（例 `SECRET_KEY_FILE`）にファイルのパスを書くと、その中身を使います。
- 「必須」の設定がないと、何が足りないかを示して起動しません。

| 環境変数 | 意味 | 既定値 |
|---|---|---|
"""


class Command(BaseCommand):
    help = "本番の設定の一覧を Markdown で出す（docs/settings.md の中身）。"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(HEAD, ending="")
        for setting in _declared():
            default = setting["default"]
            shown = "必須" if default is None else f"`{default}`" if default else "空"
            self.stdout.write(f"| `{setting['name']}` | {setting['help']} | {shown} |")


def _declared() -> list[dict[str, str | None]]:
    # A nearly empty environment: what an operator has set must not reach the document.
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    answer = subprocess.run(
        [sys.executable, "-c", DECLARED],
        env=kept | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        check=True,
    )
    declared: list[dict[str, str | None]] = json.loads(answer.stdout)
    return declared
