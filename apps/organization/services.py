"""Writes on who the staff are and what they may see."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from guardian.shortcuts import assign_perm

from .models import Business, Department, Notice, Staff

Owned = TypeVar("Owned", Department, Business)

DATA = Path(__file__).parent / "data" / "organization.toml"


def _permission(dotted: str) -> Permission:
    app, codename = dotted.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


@transaction.atomic
def load_organization() -> dict[str, int]:
    """Load 課, 登録業務, roles and the 課's rights on its businesses; running it again changes nothing."""
    data: dict[str, Any] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    for row in data["departments"]:
        _keep(Department, row["code"], division=row["division"], name=row["name"])
    for row in data["businesses"]:
        department = Department.objects.get(code=row["department"])
        business = _keep(
            Business,
            row["code"],
            name=row["name"],
            short_name=row["short_name"],
            department=department,
            starts_on=row["starts_on"],
        )
        group, _ = Group.objects.get_or_create(name=department_group_name(department))
        assign_perm("organization.view_business", group, business)
    for row in data["roles"]:
        role, _ = Group.objects.get_or_create(name=row["name"])
        role.permissions.set([_permission(name) for name in row["permissions"]])
    return {"departments": len(data["departments"]), "businesses": len(data["businesses"])}


def _keep(model: type[Owned], code: str, **values: Any) -> Owned:
    """The row of that code with these values; saved, and so in the history, only when one differs."""
    row = model.objects.filter(code=code).first() or model(code=code)
    if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return row


def department_group_name(department: Department) -> str:
    return f"{department.name}の職員"


@transaction.atomic
def place(staff: Staff, *, department: Department | None, roles: list[str]) -> None:
    """Give the person this 課 and these roles, in place of those held before."""
    staff.department = department
    staff.save()
    names = [*roles, *([department_group_name(department)] if department else [])]
    staff.groups.set(Group.objects.filter(name__in=names))


def notify(staff: Staff, text: str, url: str = "") -> Notice:
    """Tell one person something; personal data never goes into the text."""
    return Notice.objects.create(staff=staff, text=text, url=url)
