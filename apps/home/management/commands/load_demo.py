"""`manage.py load_demo`: the invented ward of the demonstration."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.accesslog.services import acting_as, command_actor, record
from apps.home import demonstration
from apps.organization.services import department_group_name


class Command(BaseCommand):
    help = "試用の職員と1週間分の受信ファイル（どれも架空）を作り、職員番号とパスワードを表示する。何度実行しても同じ。"

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as(command_actor("load_demo")):
            staff = demonstration.load()
            files = demonstration.load_files()
            record("試用データの読込", "試用の職員", count=len(staff), files=files)
        if files:
            self.stdout.write(f"試用の受信ファイル（架空）を {files} 件取り込みました。")
        self.stdout.write(f"試用の職員（架空）。パスワードはどれも {demonstration.PASSWORD}")
        for one in staff:
            roles = "・".join(
                name
                for name in one.groups.values_list("name", flat=True)
                if one.department is None or name != department_group_name(one.department)
            )
            at = f"{one.department}の" if one.department else ""
            self.stdout.write(f"  {one.username:<10} {one.name}（{at}{roles}）")
