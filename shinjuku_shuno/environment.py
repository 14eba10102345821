"""Settings that an operator may set, each declared once with its help text.

`declared` is what `manage.py list_settings` prints and the document docs/settings.md is made from.
"""

import os
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


@dataclass(frozen=True)
class Declared:
    name: str
    help: str
    default: str | None


declared: dict[str, Declared] = {}


def text(name: str, help: str, default: str | None = None) -> str:
    """Value of an environment variable, or of the file that `<name>_FILE` names (for secrets).

    Raises ImproperlyConfigured with a sentence when it is not set and has no default.
    """
    declared[name] = Declared(name, help, default)
    if path := os.environ.get(f"{name}_FILE"):
        try:
            with open(path, encoding="utf-8") as source:
                return source.read().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE が指すファイル {path} を読めません（{error.strerror}）。パスと権限を確かめてください。"
            ) from error
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(
            f"環境変数 {name} が設定されていません。{help} docs/settings.md を見て設定してください。"
        )
    return value


def flag(name: str, help: str, default: bool) -> bool:
    value = text(name, help, "1" if default else "0").lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"環境変数 {name} の値「{value}」は 1 か 0 で書いてください。{help}")


def number(name: str, help: str, default: int) -> int:
    value = text(name, help, str(default))
    try:
        return int(value)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"環境変数 {name} の値「{value}」は整数で書いてください。{help}"
        ) from error


def listing(name: str, help: str, default: str | None = None) -> list[str]:
    return [part.strip() for part in text(name, help, default).split(",") if part.strip()]
