"""The demonstration ward: invented staff, marked as such on every page. Never in production."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.organization.models import Department, Staff
from apps.organization.services import place

PASSWORD = "shinjuku-demo-2026"

ACCOUNTS = [
    ("tax01", "試用 税務", "zeimu", "担当"),
    ("nhi01", "試用 国保", "iryo", "担当"),
    ("ltc01", "試用 介護", "kaigo", "担当"),
    ("elderly01", "試用 後期", "koki", "担当"),
    ("system01", "試用 管理", None, "システム管理者"),
    ("privacy01", "試用 保護", None, "個人情報保護担当"),
]


def load() -> list[Staff]:
    """Make the demonstration accounts; existing ones keep their passwords. Raises in production."""
    if not settings.DEMONSTRATION:
        raise ImproperlyConfigured("試用の職員は、試用環境（DEMONSTRATION）でだけ作れます。")
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
