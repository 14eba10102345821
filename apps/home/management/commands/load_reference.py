"""`manage.py load_reference`: 課, 登録業務, roles, 代行会社 and 銘柄 from the reviewed data files."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.accesslog.services import acting_as, command_actor, record
from apps.organization.services import load_organization
from apps.receipts.services.reference import load_codes


class Command(BaseCommand):
    help = "課・登録業務・役割・代行会社・銘柄を読み込む。何度実行しても同じ。"

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as(command_actor("load_reference")):
            loaded: dict[str, Any] = {**load_organization(), **load_codes()}
            record("参照データの読込", "参照データ", **loaded)
        self.stdout.write(
            f"課 {loaded['departments']}、登録業務 {loaded['businesses']}、"
            f"代行会社 {loaded['agencies']}、銘柄 {loaded['brands']} を読み込みました。"
        )
