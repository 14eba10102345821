"""Nobody sees another 課's payers: the whole of what each clerk can see, compared exactly."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from guardian.shortcuts import assign_perm, remove_perm

from apps.organization.models import Business, Staff
from apps.payments import selectors
from apps.payments.models import Payment
from apps.receipts.models import FileIssue, ReceiptFile, ReceiptLine
from tests.security.conftest import Ward, taken_in

pytestmark = pytest.mark.django_db(databases="__all__")

FILES = "/admin/receipts/receiptfile/"
PAYMENTS = "/admin/payments/payment/"
UPLOAD = f"{FILES}upload/"
SIDES = [("own", "tax", "nhi"), ("other", "nhi", "tax")]


def files_of(ward: Ward, code: str) -> list[ReceiptFile]:
    return ward.own if code == "tax" else ward.other


def text(response: Any) -> str:
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


def listed(client: Client, where: str, **conditions: str) -> set[int]:
    """The keys of every row of a list, over all its pages."""
    first = client.get(where, conditions)
    assert first.status_code == 200, (where, conditions)
    found: set[int] = set()
    for number in range(1, first.context["cl"].paginator.num_pages + 1):
        response = client.get(where, {**conditions, "p": str(number)})
        found |= {row.pk for row in response.context["cl"].result_list}
    return found


@pytest.mark.parametrize(("role", "mine", "theirs"), SIDES)
class TestLists:
    def test_are_exactly_ones_own(self, ward: Ward, role: str, mine: str, theirs: str) -> None:
        client = ward.client(role)
        assert listed(client, FILES) == {file.pk for file in files_of(ward, mine)}
        expected = set(ward.payments(mine).values_list("pk", flat=True))
        assert expected and listed(client, PAYMENTS) == expected
        for where, count in ((FILES, 2), (PAYMENTS, len(expected))):
            page = client.get(where)
            assert page.context["cl"].paginator.count == count
            assert page.context["cl"].result_count == count
            assert f"{count}件" in text(page)

    def test_no_search_or_filter_reaches_further(
        self, ward: Ward, role: str, mine: str, theirs: str
    ) -> None:
        client, foreign = ward.client(role), files_of(ward, theirs)[0]
        payment = ward.payments(theirs).earliest("pk")
        for condition in [
            {"q": foreign.name}, {"q": foreign.sha256},
            {"state__exact": "done", "q": foreign.name[:6]},
        ]:  # fmt: skip
            assert listed(client, FILES, **condition) == set(), condition
        # One business is no choice, so the filter is not there and asking for it is no condition.
        assert listed(client, FILES, business=theirs) == {one.pk for one in files_of(ward, mine)}
        digits = payment.barcode
        for typed in [digits, digits[8:29], digits[13:29], digits[15:29], payment.number]:
            found = client.post(PAYMENTS, {"q": typed})
            assert not found.context["cl"].result_list, typed
        for condition in [
            {"file": str(foreign.pk)}, {"file": f"{foreign.pk}-01"}, {"file": f"{foreign.pk}-02"},
        ]:  # fmt: skip
            assert listed(client, PAYMENTS, **condition) == set(), condition
        own = set(ward.payments(mine).values_list("pk", flat=True))
        assert listed(client, PAYMENTS, business=theirs) == own

    @pytest.mark.parametrize(
        "lookup",
        [
            "business__code", "business__department__name", "agency__code", "barcode__startswith",
            "barcode", "entries__line__file", "brand__code", "business__name__regex", "amount__gt",
            "entries__line__raw__contains",
        ],
    )  # fmt: skip
    def test_no_lookup_in_the_address_asks_around_the_filters(
        self, ward: Ward, role: str, mine: str, theirs: str, lookup: str
    ) -> None:
        own = set(ward.payments(mine).values_list("pk", flat=True))
        response = ward.client(role).get(PAYMENTS, {lookup: "9"}, follow=True)
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            assert {row.pk for row in response.context["cl"].result_list} <= own

    def test_offered_businesses_are_ones_own(
        self, ward: Ward, role: str, mine: str, theirs: str
    ) -> None:
        client = ward.client(role)
        business = Business.objects.get(code=theirs)
        for where in ("/admin/", FILES, PAYMENTS, UPLOAD):
            page = text(client.get(where))
            assert f'value="{theirs}"' not in page and f"business={theirs}" not in page, where
            assert business.name not in page, where
        person = Staff.objects.get(pk=ward.people[role].pk)
        assert [one.code for one in Business.objects.visible_to(person)] == [mine]

    def test_home_counts_and_names_ones_own(
        self, ward: Ward, role: str, mine: str, theirs: str
    ) -> None:
        page = ward.client(role).get("/admin/")
        good, bad = files_of(ward, mine)
        totals = good.totals["types"]
        assert page.context["tally"]["sums"][:3] == [
            (totals[kind]["count"], totals[kind]["amount"]) if kind in totals else (0, 0)
            for kind in ("01", "02", "03")
        ]
        assert [file.pk for file, _ in page.context["waiting"]] == [bad.pk]
        assert {file.pk for file in page.context["today_files"]} == {good.pk, bad.pk}

    def test_progress_and_exports(self, ward: Ward, role: str, mine: str, theirs: str) -> None:
        client = ward.client(role)
        asked = [("file", str(file.pk)) for file in ward.own + ward.other]
        answer = client.get(f"{FILES}progress/?" + "&".join("=".join(one) for one in asked))
        own = files_of(ward, mine)
        assert {one["id"] for one in answer.json()["files"]} == {file.pk for file in own}
        for kind in ("xlsx", "csv", "sjis"):
            for file in files_of(ward, theirs):
                assert client.get(f"{FILES}{file.pk}/errors/{kind}/").status_code == 404
        export = client.get(f"{FILES}{own[1].pk}/errors/xlsx/")
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(export))).active
        numbers = {row[0] for row in list(sheet.values)[1:]}
        wrong = FileIssue.objects.filter(file=own[1], effect="reject").values_list(
            "line", flat=True
        )
        assert numbers == {str(line) for line in wrong}

    def test_no_page_holds_a_word_of_the_other_office(
        self, ward: Ward, role: str, mine: str, theirs: str
    ) -> None:
        client = ward.client(role)
        hidden = set()
        for file in files_of(ward, theirs):
            hidden |= {file.name, file.sha256, f"receiptfile/{file.pk}/"}
        for payment in ward.payments(theirs):
            hidden |= {payment.barcode, payment.barcode[8:29], f"payment/{payment.pk}/"}
        good = files_of(ward, mine)[0]
        seen: set[str] = set()
        todo = ["/admin/", FILES, PAYMENTS, UPLOAD, f"{FILES}{good.pk}/change/"]
        while todo and len(seen) < 150:
            where = todo.pop(0)
            seen.add(where)
            response = client.get(where)
            assert response.status_code in (200, 302, 403), where
            page = text(response)
            assert not [one for one in hidden if one in page], where
            for link in re.findall(r'href="(\??[^"#]*)"', page.replace("&amp;", "&")):
                link = where.partition("?")[0] + link if link.startswith("?") else link
                if link.startswith(("/admin/receipts", "/admin/payments")) and link not in seen:
                    todo.append(link)
            todo = list(dict.fromkeys(todo))
        assert len(seen) > 50

    def test_the_querysets_themselves(self, ward: Ward, role: str, mine: str, theirs: str) -> None:
        person = ward.people[role]
        own = files_of(ward, mine)
        assert set(ReceiptFile.objects.visible_to(person)) == set(own)
        assert set(Payment.objects.visible_to(person)) == set(ward.payments(mine))
        lines = ReceiptLine.objects.visible_to(person).values_list("file", flat=True)
        assert set(lines) == {own[0].pk}


class TestWhoSeesNothing:
    @pytest.mark.parametrize("role", ["system", "privacy", "root", "stopped"])
    def test_without_a_business_there_are_no_payers(self, ward: Ward, role: str) -> None:
        ward.client(role)
        person = Staff.objects.get(pk=ward.people[role].pk)
        for model in (ReceiptFile, ReceiptLine, Payment, Business):
            assert not model.objects.visible_to(person).exists(), (role, model)

    def test_a_model_right_alone_opens_no_row(self, ward: Ward) -> None:
        """accept_global_perms: the right on all 業務 at once is not a right on any of them."""
        assign_perm("organization.view_business", ward.people["root"])
        assign_perm("organization.view_business", ward.people["system"])
        for role in ("root", "system"):
            person = Staff.objects.get(pk=ward.people[role].pk)
            assert not Payment.objects.visible_to(person).exists()

    def test_a_right_taken_away_works_at_once(self, ward: Ward) -> None:
        client, person = ward.client("other"), ward.people["other"]
        tax = Business.objects.get(code="tax")
        where = f"{FILES}{ward.own[0].pk}/change/"
        assert client.get(where).status_code == 404
        assign_perm("organization.view_business", person, tax)
        assert client.get(where).status_code == 200
        remove_perm("organization.view_business", person, tax)
        assert client.get(where).status_code == 404


@pytest.mark.django_db(databases="__all__", transaction=True)
class TestBetweenOffices:
    """One content, two 課: what each is told of the other."""

    def test_a_file_another_office_has_is_refused_without_its_name(self, ward: Ward) -> None:
        content = Path("tests/samples/dsk_test_cp932.csv").read_bytes()
        first = self.upload(ward.client("own"), content, "zeimu-dsk.csv", "tax")
        assert first.state in ReceiptFile.REGISTERED
        client = ward.client("other")
        second = self.upload(client, content, "kokuho-dsk.csv", "nhi")
        assert second.state == ReceiptFile.State.FAILED
        assert second.issues.filter(code="already-taken-in-elsewhere").exists()
        # The upload page's message, the file's page, the home page and each export.
        for where in [UPLOAD, "/admin/", f"{FILES}{second.pk}/change/",
                      f"{FILES}{second.pk}/errors/csv/", f"{FILES}progress/?file={second.pk}"]:  # fmt: skip
            page = text(client.get(where))
            assert "zeimu-dsk" not in page and "試用 税務" not in page, where
        assert not any("zeimu" in str(one.params) for one in second.issues.all())

    def upload(self, client: Client, content: bytes, name: str, business: str) -> ReceiptFile:
        response = client.post(
            UPLOAD,
            {"uploads": SimpleUploadedFile(name, content), "business": business},
            headers={"Accept": "application/json"},
        )
        assert response.status_code == 201
        return ReceiptFile.objects.get(pk=response.json()["files"][0]["id"])

    def test_a_file_of_unread_business_is_its_receivers_alone(self, ward: Ward) -> None:
        mine = self.upload(ward.client("own"), b"no layout at all", "zeimu-unread.dat", "")
        assert mine.business is None
        assert ward.client("own").get(f"{FILES}{mine.pk}/change/").status_code == 200
        for role in ("other", "root"):
            assert ward.client(role).get(f"{FILES}{mine.pk}/change/").status_code == 404
        colleague = Staff.objects.create_user(
            "tax02", password="x" * 16, name="同僚", is_staff=True
        )
        colleague.groups.set(ward.people["own"].groups.all())
        client = Client()
        client.force_login(colleague)
        assert client.get(f"{FILES}{mine.pk}/change/").status_code == 404
        assert client.get(f"{FILES}{ward.own[0].pk}/change/").status_code == 200

    def test_what_a_line_repeats_in_another_office_is_not_shown(self, ward: Ward) -> None:
        entries = list(selectors.duplicates_of(taken_in("tax", "zeimu-again.dat", "tax01", 5)))
        explained = selectors.explained(entries, ward.people["other"])
        assert all(one.payment is None and one.first_file is None for one in explained)
