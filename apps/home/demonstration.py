"""The demonstration ward: invented staff, marked as such on every page. Never in production."""

from __future__ import annotations

import datetime
import io

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from apps.organization.models import Department, Staff
from apps.organization.services import place
from apps.receipts import generating, services
from apps.receipts.models import ReceiptFile

PASSWORD = "shinjuku-demo-2026"  # noqa: S105  printed by load_demo and in the README

ACCOUNTS = [
    ("tax01", "試用 税務", "zeimu", "担当"),
    ("nhi01", "試用 国保", "iryo", "担当"),
    ("ltc01", "試用 介護", "kaigo", "担当"),
    ("elderly01", "試用 後期", "koki", "担当"),
    ("system01", "試用 管理", None, "システム管理者"),
    ("privacy01", "試用 保護", None, "個人情報保護担当"),
]
DAYS, RECORDS = 7, 60
LAYOUT = "shinjuku-120"


def _only_in_a_demonstration() -> None:
    if not settings.DEMONSTRATION:
        raise ImproperlyConfigured(
            "試用の職員とデータは、試用環境（DEMONSTRATION）でだけ作れます。"
        )


def load_files() -> int:
    """A week of invented receipt files for each 業務, through the importer; nothing if any file is there.

    The last file of 税 has lines with errors and waits for a decision. Returns how many were made.
    """
    _only_in_a_demonstration()
    if ReceiptFile.objects.exists():
        return 0
    first = timezone.localdate() - datetime.timedelta(days=DAYS)
    made = 0
    for seed, (username, *_) in enumerate(ACCOUNTS[:4]):
        clerk = Staff.objects.get(username=username)
        business = clerk.department.businesses.get() if clerk.department else None
        if business is None:
            continue
        files = generating.make_days(
            LAYOUT, business.code, count=DAYS, records=RECORDS, seed=seed, start=first
        )
        for name, _, content in files:
            _take_in(name, content, clerk)
            made += 1
    clerk = Staff.objects.get(username=ACCOUNTS[0][0])
    today = timezone.localdate()
    bad = generating.make_file(LAYOUT, "tax", today, RECORDS, 99, kind="bad-date")
    _take_in(f"{LAYOUT}_tax_{today:%Y%m%d}.dat", bad, clerk)
    return made + 1


def _take_in(name: str, content: bytes, clerk: Staff) -> None:
    file = services.take_in(
        io.BytesIO(content),
        name=name,
        door=ReceiptFile.Door.WEB,
        received_by=clerk,
        received_by_name=str(clerk),
    )
    if file.state == ReceiptFile.State.RECEIVED:
        services.process(file.pk)


def load() -> list[Staff]:
    """Make the demonstration accounts; existing ones keep their passwords. Raises in production."""
    _only_in_a_demonstration()
    made = []
    for username, name, department_code, role in ACCOUNTS:
        staff = Staff.objects.filter(username=username).first()
        if staff is None:
            staff = Staff.objects.create_user(username, password=PASSWORD, name=name, is_staff=True)
        department = Department.objects.filter(code=department_code).first()
        if staff.department != department or not staff.groups.filter(name=role).exists():
            place(staff, department=department, roles=[role])
        made.append(staff)
    return made
