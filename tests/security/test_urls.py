"""Every address, every role, GET and POST: the status of the table, one record, and nobody else's data."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLResolver, get_resolver

from apps.accesslog.middleware import NOBODY
from apps.accesslog.models import AccessRecord
from tests.security.conftest import Ward
from tests.security.urls_table import EXPECTED, ROLES

pytestmark = pytest.mark.django_db(databases="__all__")


def every_route(
    patterns: list[Any], prefix: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """(name with its namespaces, or the route where it has none; the route)."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from every_route(pattern.url_patterns, route, inner)
        else:
            name = ":".join([*spaces, pattern.name]) if pattern.name else f"/{route}"
            yield name, route


ROUTES = dict(every_route(get_resolver().url_patterns))


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    names = [name for name, _ in every_route(get_resolver().url_patterns)]
    assert len(names) == len(set(names)), "two addresses with one name"
    assert set(names) - set(EXPECTED) == set(), "addresses without a row in urls_table.py"
    assert set(EXPECTED) - set(names) == set(), "rows without an address"
    assert all(len(row.split()) == len(ROLES) for row in EXPECTED.values())


def address_of(name: str, ward: Ward) -> str:
    """The address of a real object of 税務課."""
    route = f"/{ROUTES[name]}"
    file, payment = ward.own[0], ward.payments("tax").earliest("pk")
    if "(?P<app_label>" in route:
        return "/admin/receipts/"
    if "(?P<url>" in route:
        return "/admin/nothing/"
    person = ward.people["other"].pk
    keys = {
        "/admin/receipts/receiptfile/": file.pk,
        "/admin/payments/payment/": payment.pk,
        "/admin/organization/staff/": person,
        "/admin/organization/department/": file.business.department_id,
        "/admin/organization/business/": file.business_id,
        "/admin/accesslog/accessrecord/": AccessRecord.objects.latest("pk").pk,
        "/home/notices/": ward.people["own"].notices.get().pk,
    }
    key = next((one for start, one in keys.items() if route.startswith(start)), "")
    values = {"number": 2, "file_id": file.pk, "kind": "csv"}

    def value(found: re.Match[str]) -> str:
        return str(values.get(found[1], key))

    return re.sub(r"<(?:\w+:)?(\w+)>", value, route)


def words(response: Any) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


@pytest.mark.parametrize("role", ROLES)
def test_status_record_and_no_data_of_others(ward: Ward, role: str) -> None:
    client = ward.client(role)
    cookies = copy.deepcopy(client.cookies)
    column = ROLES.index(role)
    who = None if role in ("anonymous", "stopped") else ward.people[role].pk
    foreign = secrets_of(ward, ["nhi"] if role == "own" else ["tax"] if role == "other" else None)
    wrong = []
    for name, row in EXPECTED.items():
        address = address_of(name, ward)
        for method, expected in zip(("GET", "POST"), row.split()[column].split("/"), strict=True):
            client.cookies = copy.deepcopy(cookies)
            before = AccessRecord.objects.latest("pk").pk
            with transaction.atomic():
                response = client.generic(method, address)
                transaction.set_rollback(True)
            said = f"{role} {method} {address}"
            if response.status_code != int(expected):
                wrong.append(f"{said}: {response.status_code}, expected {expected}")
            if leaked := [one for one in foreign if one in words(response)]:
                wrong.append(f"{said}: shows {leaked}")
            if name.startswith("admin:accesslog") and response.status_code == 200:
                continue  # it shows records, so its own is looked at in test_records
            made = list(AccessRecord.objects.filter(pk__gt=before, action=method))
            if [(one.target, one.actor_id) for one in made] != [(address, who)]:
                wrong.append(f"{said}: recorded as {[(one.target, one.actor) for one in made]}")
            elif who is None and made[0].actor != NOBODY:
                wrong.append(f"{said}: recorded as {made[0].actor}")
    assert not wrong, "\n".join(wrong)


def secrets_of(ward: Ward, businesses: list[str] | None) -> list[str]:
    """File names, hashes and numbers that must not be in a page; of all 課 where None."""
    found: list[str] = []
    for code, files in (("tax", ward.own), ("nhi", ward.other)):
        if businesses is None or code in businesses:
            found += [file.name for file in files] + [file.sha256 for file in files]
            for payment in ward.payments(code):
                found += [payment.barcode, payment.barcode[8:29], f">{payment.number}<"]
    return found


def test_a_post_of_another_office_changes_nothing(ward: Ward) -> None:
    notice = ward.people["own"].notices.get()
    file = ward.own[0]
    for role in set(ROLES) - {"own"}:
        client = ward.client(role)
        client.post(f"/home/notices/{notice.pk}/read/")
        client.post("/home/notices/read/")
        client.post(f"/admin/receipts/receiptfile/{file.pk}/cancel/", {"reason": "x"})
        client.post(
            f"/admin/receipts/receiptfile/{ward.own[1].pk}/retry/", {"accept_partial": "on"}
        )
    notice.refresh_from_db()
    assert notice.read_at is None
    for one in ward.own:
        state = one.state
        one.refresh_from_db()
        assert one.state == state


@pytest.mark.parametrize("form", ["_{2}{1}", "%20{0}", "+{0}", "{0}%20", "0{0}", "０{0}"])
def test_no_way_of_writing_a_number_leads_to_the_admins_own_form(ward: Ward, form: str) -> None:
    """The admin decodes `_34` to `4`; its form would show a payment's barcode unmasked and unasked."""
    payment = ward.payments("tax").earliest("pk")
    digits = str(payment.pk)
    typed = form.format(digits, digits[1:], f"{ord(digits[0]):X}")
    where = f"/admin/payments/payment/{typed}/change/"
    shown = ward.client("own").get(where)
    assert shown.status_code in (200, 404) and payment.barcode not in words(shown)
    assert ward.client("other").get(where).status_code == 404
    assert ward.client("system").get(where).status_code == 403


class TestStaff:
    """The system administrator gives roles to others, never to himself, and never over the superuser."""

    def test_own_rights_stay(self, ward: Ward) -> None:
        system = ward.people["system"]
        mine = set(system.groups.values_list("pk", flat=True))
        wanted = ward.people["own"].groups.values_list("pk", flat=True)
        response = ward.client("system").post(
            f"/admin/organization/staff/{system.pk}/change/",
            {
                "username": system.username,
                "name": system.name,
                "email": "",
                "groups": list(wanted),
                "department": ward.people["own"].department_id,
                "is_active": "on",
                "is_staff": "on",
            },
        )
        assert response.status_code == 302
        system.refresh_from_db()
        assert set(system.groups.values_list("pk", flat=True)) == mine
        assert system.department is None and system.is_active and system.is_staff

    def test_superuser_is_out_of_reach(self, ward: Ward) -> None:
        root = ward.people["root"]
        client = ward.client("system")
        where = f"/admin/organization/staff/{root.pk}/"
        new = {"password1": "another-long-word", "password2": "another-long-word"}
        assert client.post(f"{where}password/", new).status_code == 403
        assert client.post(f"{where}change/", {"name": "x"}).status_code == 403
        root.refresh_from_db()
        assert root.check_password("x" * 16)
