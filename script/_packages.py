"""What the tests need besides Python: installed when this may be done, else named."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _venv import Refused, say


def postgres_bin() -> Path | None:
    """Folder of initdb and postgres; Debian keeps them off the PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3])
    )
    if versions:
        return versions[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _has_japanese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    found = subprocess.run(["fc-list", ":lang=ja", "family"], capture_output=True, text=True)
    return "CJK" in found.stdout


@dataclass(frozen=True)
class Needed:
    package: str
    present: Callable[[], object]


NEEDED = (
    Needed("postgresql", postgres_bin),
    Needed("redis-server", lambda: shutil.which("redis-server")),
    Needed("chromium", chromium),
    Needed("fontconfig", lambda: shutil.which("fc-list")),
    Needed("fonts-noto-cjk", _has_japanese_font),
    Needed("poppler-utils", lambda: shutil.which("pdftotext")),
)


def ensure(with_postgres: bool) -> None:
    lacking = _lacking(with_postgres)
    if not lacking:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Refused(
            f"試験に要るものが足りません: {'、'.join(lacking)}。"
            f"管理者が入れてから（sudo apt-get install {' '.join(lacking)}）、もう一度実行してください。"
        )
    say(f"試験に要るものを入れています: {'、'.join(lacking)}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-q"],
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *lacking],
    ):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise Refused(
                f"「{' '.join(command)}」に失敗しました。ネットワークと apt の設定を確かめてください。\n"
                f"{(done.stdout + done.stderr)[-2000:]}"
            )
    if still := _lacking(with_postgres):
        raise Refused(
            f"入れたのに見つかりません: {'、'.join(still)}。apt の記録を確かめてください。"
        )


def _lacking(with_postgres: bool) -> list[str]:
    return [
        needed.package
        for needed in NEEDED
        if (with_postgres or needed.package != "postgresql") and not needed.present()
    ]
