"""What a person sees of files and payments, through the pages themselves."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from apps.organization.models import Staff
from apps.payments.models import Payment
from apps.receipts import corrections, exports
from apps.receipts.models import FileIssue, ReceiptFile
from tests.receipts.screens import (
    FILES,
    PAYMENTS,
    UPLOAD,
    address,
    client_of,
    made,
    open_ward,
    page,
    upload,
)

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture(autouse=True)
def ward() -> None:
    open_ward()


class TestTakingIn:
    def test_a_file_dropped_on_the_page_becomes_payments(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        assert file.state == ReceiptFile.State.DONE
        shown = page(clerk, address(file))
        assert f"{file.accepted:,}件登録" in shown
        assert "端末データ削除" in shown and shown.count(file.sha256) == 2

    def test_without_script_several_files_go_in_one_post_and_each_is_answered(self) -> None:
        clerk = client_of("tax01")
        response = clerk.post(
            UPLOAD,
            {
                "uploads": [
                    SimpleUploadedFile("one.dat", made(seed=1)),
                    SimpleUploadedFile("two.dat", b""),
                ]
            },
            follow=True,
        )
        shown = response.content.decode()
        assert response.redirect_chain == [(UPLOAD, 302)]
        assert "「one.dat」" in shown and "「two.dat」: ファイルが空です" in shown

    def test_nothing_chosen_keeps_what_was_typed(self) -> None:
        response = client_of("tax01").post(UPLOAD, {"layout": "dsk-csv", "accept_partial": "on"})
        shown = response.content.decode()
        assert response.status_code == 400
        assert '<option value="dsk-csv" selected>' in shown
        assert re.search(r'name="accept_partial"[^>]*checked', shown)

    def test_a_business_of_another_office_is_no_choice(self) -> None:
        clerk = client_of("tax01")
        assert '<option value="nhi"' not in page(clerk, UPLOAD)
        response = clerk.post(
            UPLOAD,
            {"uploads": SimpleUploadedFile("a.dat", made("nhi")), "business": "nhi"},
            headers={"Accept": "application/json"},
        )
        assert response.status_code == 400 and response.json()["errors"]

    def test_a_file_of_another_office_is_refused_by_what_is_in_it(self) -> None:
        file = upload(client_of("tax01"), made("nhi"))
        assert file.state == ReceiptFile.State.FAILED and Payment.objects.count() == 0

    def test_a_file_too_large_is_refused_in_a_sentence(self, settings: Any) -> None:
        settings.RECEIPT_UPLOAD_MAX_MB = 0
        response = client_of("tax01").post(UPLOAD, {"uploads": SimpleUploadedFile("a", b"x")})
        assert response.status_code == 400 and "大きすぎます" in response.content.decode()

    def test_the_same_file_again_names_the_first(self) -> None:
        clerk = client_of("tax01")
        first, again = upload(clerk, made(), "first.dat"), upload(clerk, made(), "again.dat")
        shown = page(clerk, address(again))
        assert "first.dat" in shown and address(first) in shown

    def test_progress_tells_only_of_files_the_person_may_see(self) -> None:
        file = upload(client_of("tax01"), made())
        asked = f"{FILES}progress/?file={file.pk}&file=999999999999999999999&file=x"
        assert [one["id"] for one in client_of("tax01").get(asked).json()["files"]] == [file.pk]
        assert client_of("nhi01").get(asked).json() == {"files": []}


class TestErrors:
    def refused(self, clerk: Client) -> ReceiptFile:
        file = upload(clerk, made(kind="bad-date"))
        assert file.state == ReceiptFile.State.FAILED and file.retryable
        return file

    def test_lines_left_out_corrected_and_taken_in_again_make_the_file_whole(self) -> None:
        clerk = client_of("tax01")
        file = self.refused(clerk)
        assert "を除いて" in page(clerk, address(file))
        clerk.post(address(file, "retry/"), {"accept_partial": "on"})
        file.refresh_from_db()
        assert file.state == ReceiptFile.State.PARTIAL
        assert file.accepted + file.duplicate + file.rejected == file.lines
        book = self.error_list(clerk, file)
        sheet = book.active
        assert sheet.max_row == 1 + file.rejected
        for row in range(2, sheet.max_row + 1):
            assert sheet.cell(row, 8).number_format == "@"
            raw = str(sheet.cell(row, 7).value)
            sheet.cell(row, 8).value = raw[:3] + "20260331" + raw[11:].rstrip()
        filled = io.BytesIO()
        book.save(filled)
        response = clerk.post(
            address(file, "correct/"),
            {"file": SimpleUploadedFile("filled.xlsx", filled.getvalue())},
        )
        assert response.status_code == 302
        correction = ReceiptFile.objects.get(corrects=file)
        assert correction.state == ReceiptFile.State.DONE
        assert file.accepted + correction.accepted == file.lines
        assert f"{file.lines:,}行のうち {file.lines:,}行" in page(clerk, address(file))

    def error_list(self, clerk: Client, file: ReceiptFile) -> Any:
        response = clerk.get(address(file, "errors/xlsx/"))
        assert response.status_code == 200
        return openpyxl.load_workbook(io.BytesIO(b"".join(response)))

    def test_a_refused_files_list_holds_the_raw_lines_too(self) -> None:
        clerk = client_of("tax01")
        file = self.refused(clerk)
        rows = list(self.error_list(clerk, file).active.values)
        assert [row[0] for row in rows[1:]] == ["32"] or len(rows) == 1 + file.rejected
        assert all(len(str(row[6])) >= 100 for row in rows[1:])

    @pytest.mark.parametrize(("kind", "encoding"), [("csv", "utf-8-sig"), ("sjis", "cp932")])
    def test_csv_in_both_encodings(self, kind: str, encoding: str) -> None:
        clerk = client_of("tax01")
        response = clerk.get(address(self.refused(clerk), f"errors/{kind}/"))
        content = b"".join(response)
        assert content.startswith(b"\xef\xbb\xbf") == (kind == "csv")
        assert content.decode(encoding).splitlines()[0].startswith("行番号,レコード区分")

    def test_what_shift_jis_cannot_hold_is_named_before_the_download(self) -> None:
        clerk = client_of("tax01")
        file = self.refused(clerk)
        file.issues.filter(effect="reject").update(value="🈂")
        shown = page(clerk, address(file, "errors/sjis/"))
        assert "🈂" in shown and "〓" in shown
        content = b"".join(clerk.get(address(file, "errors/sjis/?replace=1")))
        assert "〓" in content.decode("cp932")

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
    def test_no_cell_is_a_formula(self, start: str) -> None:
        assert exports.neutral(f"{start}1+1") == f"'{start}1+1"

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("a.xlsx", b"PK\x03\x04 broken", "Excel ファイルとして開けません"),
            (
                "a.csv",
                "行番号,訂正後の原データ\r\n1,\r\n".encode("cp932"),
                "訂正した行がありません",
            ),
            ("a.csv", "行番号,訂正後の原データ\r\n1,2.01E+119\r\n".encode(), "数値"),
            ("a.txt", b"", "空"),
            ("a.txt", "2😀".encode(), "文字コードにありません"),
            ("a.txt", b"\xff\xfe\x00\x81", "文字コードを読み取れません"),
        ],
    )
    def test_a_bad_correction_is_answered_in_a_sentence(
        self, name: str, content: bytes, says: str
    ) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made(kind="bad-date"), accept_partial="on")
        response = clerk.post(
            address(file, "correct/"), {"file": SimpleUploadedFile(name, content)}
        )
        assert response.status_code == 400 and says in response.content.decode()

    def test_plain_records_keep_the_files_newline(self) -> None:
        file = ReceiptFile(layout_code="shinjuku-120", newline="none", final_newline=False)
        given = SimpleUploadedFile("a.txt", b"2" * 118 + b"\r\n" + b"2" * 120)
        assert corrections.corrected_records(given, file) == b"2" * 118 + b"  " + b"2" * 120


class TestCancelling:
    def test_says_how_much_goes_before_it_goes(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        count = Payment.objects.count()
        total = sum(Payment.objects.values_list("amount", flat=True))
        shown = page(clerk, address(file, "cancel/"))
        assert f"{count:,}件 {total:,}円を取り消す" in shown
        assert clerk.post(address(file, "cancel/"), {"reason": " "}).status_code == 400
        clerk.post(address(file, "cancel/"), {"reason": "別の日のファイル"})
        file.refresh_from_db()
        assert file.state == ReceiptFile.State.CANCELLED
        assert "別の日のファイル" in page(clerk, address(file))
        assert set(Payment.objects.values_list("state", flat=True)) == {Payment.State.WITHDRAWN}

    def test_what_cannot_be_cancelled_says_so(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, b"")
        response = clerk.post(address(file, "cancel/"), {"reason": "x"}, follow=True)
        assert "登録が済んでいるファイルだけ" in response.content.decode()


class TestScope:
    """A file or payment of another office does not exist: in no list, search, number or address."""

    def test_another_offices_clerk_finds_nothing(self) -> None:
        file = upload(client_of("tax01"), made(), "zeimu-only.dat")
        payment = Payment.objects.first()
        assert payment is not None
        other = client_of("nhi01")
        for rest in [
            "change/", "lines/", "lines/2/", "errors/xlsx/", "retry/", "correct/", "cancel/",
            "delete/", "history/",
        ]:  # fmt: skip
            assert other.get(address(file, rest)).status_code in (403, 404), rest
        for rest in ["change/", "lines/", "errors/xlsx/", "retry/", "correct/", "cancel/"]:
            assert other.get(address(file, rest)).status_code == 404, rest
        for rest in ["retry/", "correct/", "cancel/"]:
            assert other.post(address(file, rest), {"reason": "x"}).status_code == 404, rest
        for where in [
            f"{PAYMENTS}{payment.pk}/change/",
            f"{PAYMENTS}duplicates/{file.pk}/",
            f"{PAYMENTS}of-line/{file.pk}/2/",
        ]:
            page(other, where, 404)
        for where in [
            "/admin/", FILES, UPLOAD, f"{FILES}?q=zeimu", f"{FILES}?q={file.sha256}",
            f"{PAYMENTS}?file={file.pk}", f"{PAYMENTS}?business=tax",
        ]:  # fmt: skip
            shown = page(other, where)
            assert "zeimu-only" not in shown, where
            assert f"{payment.pk}/change" not in shown, where
        for typed in [payment.barcode, payment.number]:
            assert not other.post(PAYMENTS, {"q": typed}).context["cl"].result_count

    @pytest.mark.parametrize("who", ["system01", "privacy01"])
    def test_roles_without_payers_may_not_enter(self, who: str) -> None:
        file = upload(client_of("tax01"), made())
        payment = Payment.objects.first()
        assert payment is not None
        client = client_of(who)
        page(client, "/admin/")
        for where in [FILES, UPLOAD, address(file), address(file, "errors/xlsx/"), PAYMENTS,
                      f"{PAYMENTS}{payment.pk}/change/", f"{FILES}progress/"]:  # fmt: skip
            page(client, where, 403)

    def test_a_superuser_without_business_rights_sees_no_file(self) -> None:
        file = upload(client_of("tax01"), made(), "zeimu-only.dat")
        Staff.objects.create_superuser("root", password="x" * 16, name="root")
        client = client_of("root")
        assert "zeimu-only" not in page(client, FILES)
        page(client, address(file), 404)

    def test_a_duplicate_of_another_offices_payment_shows_nothing_of_it(self) -> None:
        """The provider's test file may be tried in any business, and payments know no business."""
        content = Path("static/samples/dsk_test_cp932.csv").read_bytes()
        first = upload(client_of("tax01"), content, business="tax")
        ReceiptFile.objects.filter(pk=first.pk).update(sha256="0" * 64)
        second = upload(client_of("nhi01"), content, business="nhi")
        if not second.duplicate:
            pytest.skip("the ledger keeps businesses apart")
        shown = page(client_of("nhi01"), f"{PAYMENTS}duplicates/{second.pk}/")
        assert "ほかの業務の収納" in shown and "91929023" not in shown


class TestPayments:
    def test_the_number_is_masked_until_asked_for(self) -> None:
        clerk = client_of("tax01")
        upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        where = f"{PAYMENTS}{payment.pk}/change/"
        assert payment.barcode not in page(clerk, PAYMENTS)
        assert payment.barcode not in page(clerk, where)
        assert payment.barcode in page(clerk, f"{where}?show=number")

    @pytest.mark.parametrize(
        "typed",
        [
            "{0}",
            "(91){0}",
            " ]C1{1}\x1d",
            "{2}",
            "{3}",
        ],
    )
    def test_search_takes_what_is_on_the_slip_and_only_the_whole_of_it(self, typed: str) -> None:
        clerk = client_of("tax01")
        upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        bars = payment.barcode
        wide = bars.translate({ord(str(one)): chr(0xFF10 + one) for one in range(10)})
        query = typed.format(bars if typed == "{0}" else bars[2:], wide, bars[8:29], bars[13:29])
        response = clerk.post(PAYMENTS, {"q": query})
        if response.status_code == 302:
            assert response["Location"] == f"{PAYMENTS}{payment.pk}/change/?from=search"
        else:
            assert payment.pk in [one.pk for one in response.context["cl"].result_list]
        assert not list(clerk.post(PAYMENTS, {"q": bars[:43]}).context["cl"].result_list)

    def test_the_only_hit_is_opened_with_the_field_for_the_next_one(self) -> None:
        clerk = client_of("tax01")
        upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        response = clerk.post(PAYMENTS, {"q": payment.number, "state__exact": "", "brand": ""})
        assert response["Location"] == f"{PAYMENTS}{payment.pk}/change/?from=search"
        shown = page(clerk, response["Location"])
        assert re.search(r'id="searchbar"[^>]* autofocus', shown) and "1件見つかり" in shown
        assert "autofocus" not in page(clerk, f"{PAYMENTS}{payment.pk}/change/")
        # A day it was not paid on is a condition too.
        later = {"q": payment.number, "received_from": "2999-01-01"}
        assert clerk.post(PAYMENTS, later).context["cl"].result_count == 0

    def test_fields_left_empty_in_the_form_are_no_conditions(self) -> None:
        clerk = client_of("tax01")
        upload(clerk, made())
        for where in (FILES, PAYMENTS):
            every = clerk.get(where).context["cl"].result_count
            empty = {"q": "", "state__exact": "", "received_from": "", "received_to": ""}
            found = clerk.get(where, empty).context["cl"]
            assert found.result_count == every > 0 and not found.has_active_filters
        today = timezone.localdate().isoformat()
        for ends, count in [((today, ""), 1), (("", today), 1), (("2999-01-01", ""), 0),
                            (("", "2001-01-01"), 0), (("0001-01-01", "9999-12-31"), 1)]:  # fmt: skip
            days = dict(zip(("received_from", "received_to"), ends, strict=True))
            assert clerk.get(FILES, days).context["cl"].result_count == count, ends

    def test_each_number_of_a_file_opens_the_rows_behind_it(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        for code, total in file.totals["types"].items():
            rows = clerk.get(PAYMENTS, {"file": f"{file.pk}-{code}"}).context["cl"]
            assert rows.result_count == total["count"]
            assert sum(row.amount for row in rows.queryset) == total["amount"]

    def test_a_line_leads_to_its_payment(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        response = clerk.get(f"{PAYMENTS}of-line/{file.pk}/2/")
        assert response.status_code == 302 and "/change/" in response["Location"]

    def test_a_list_counts_to_its_cap_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apps.organization.admin.CappedPaginator.cap", 10)
        clerk = client_of("tax01")
        upload(clerk, made())
        assert "10件以上" in page(clerk, PAYMENTS)


class TestEveryPage:
    def addresses(self, file: ReceiptFile, payment: Payment) -> list[str]:
        return [
            "/admin/", FILES, UPLOAD, address(file), address(file, "lines/"),
            address(file, "lines/2/"), address(file, "cancel/"), PAYMENTS,
            f"{PAYMENTS}{payment.pk}/change/", f"{PAYMENTS}duplicates/{file.pk}/",
        ]  # fmt: skip

    def test_is_marked_as_demonstration_and_has_no_inline_code(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        pages = [page(clerk, where) for where in self.addresses(file, payment)]
        pages += [page(clerk, "/nothing", 404), page(clerk, "/admin/organization/staff/", 403)]
        pages.append(page(Client(), "/admin/login/"))
        for shown in pages:
            assert "実在のデータではありません" in shown
            assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", shown)
            assert not re.search(r"<script(?![^>]*\ssrc=)", shown)
            assert not re.search(r'(?:src|href)="(?:https?:)?//', shown)

    @pytest.mark.parametrize(
        "query", ["?o=abc", "?p=abc", "?p=99999", "?state__exact=x", "?business=x", "?q=%00%ff",
                  "?all=", "?file=x", "?file=9999999999999", "?brand=x", "?received_from=x",
                  "?e=1", "?verdict=9&after=-1&at=x", "?issues=x", "?page=x",
                  "?q=" + "9" * 5000, "?q=99999999999-1"],
    )  # fmt: skip
    def test_bad_conditions_never_break_it(self, query: str) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made())
        for where in [FILES, PAYMENTS, address(file), address(file, "lines/"),
                      f"{PAYMENTS}duplicates/{file.pk}/"]:  # fmt: skip
            assert clerk.get(where + query).status_code in (200, 302, 400)
        asked = dict(parse_qsl(query[1:], encoding="latin-1"))
        assert clerk.post(PAYMENTS, asked).status_code in (200, 302, 400)

    @pytest.mark.parametrize("pk", ["0", "99", "9" * 19, "9" * 40, "9" * 5000, "abc", "-1", "1.5"])
    def test_what_does_not_exist_is_404(self, pk: str) -> None:
        clerk = client_of("tax01")
        for where in [FILES, PAYMENTS]:
            page(clerk, f"{where}{pk}/change/", 404)
            assert clerk.get(f"{where}{pk}/delete/").status_code in (403, 404)
        page(clerk, f"{FILES}{pk}/lines/", 404)
        page(clerk, f"{PAYMENTS}of-line/{pk}/{pk}/", 404)
        page(clerk, f"{PAYMENTS}duplicates/{pk}/", 404)

    def test_is_recorded_with_what_it_showed_and_no_payer(self) -> None:
        from apps.accesslog.models import AccessRecord

        clerk = client_of("tax01")
        file = upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        page(clerk, f"{PAYMENTS}{payment.pk}/change/?show=number")
        record = AccessRecord.objects.first()
        assert record is not None
        assert record.detail["payment"] == payment.number and record.detail["number_shown"]
        page(clerk, address(file))
        assert AccessRecord.objects.first().detail["file"] == file.pk
        assert payment.barcode not in "".join(
            f"{one.target}{one.detail}" for one in AccessRecord.objects.all()
        )

    def test_no_screen_deletes(self) -> None:
        clerk = client_of("tax01")
        upload(clerk, made())
        for where in (FILES, PAYMENTS):
            assert "delete_selected" not in page(clerk, where)
            assert clerk.get(f"{where}add/").status_code == 403


def test_every_address_of_ours_asks_who_is_there() -> None:
    for where in [
        "/",
        "/admin/",
        FILES,
        UPLOAD,
        PAYMENTS,
        f"{FILES}1/change/",
        "/home/notices/read/",
    ]:
        response = Client().get(where)
        assert response.status_code == 302, where
        assert where == "/" or "login" in response["Location"], where
    assert get_resolver().resolve(UPLOAD)


def test_a_form_without_its_token_is_refused_in_a_sentence() -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/admin/login/", {"username": "x"})
    assert response.status_code == 403
    assert "送信を確かめられませんでした" in response.content.decode()


def test_issue_sentences_are_shown_with_their_remedy() -> None:
    clerk = client_of("tax01")
    file = upload(clerk, made(kind="total-amount"))
    shown = page(clerk, address(file))
    assert "対処：" in shown and "不一致" in shown
    assert FileIssue.objects.filter(file=file, code="total-mismatch").exists()
