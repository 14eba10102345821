"""The home screen, notices, the file taken in before, and the access records, as people see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.accesslog import words
from apps.calendars.templatetags.shown import instant, moment
from apps.organization.models import Notice
from apps.organization.services import notify
from apps.payments.models import Payment
from apps.receipts.models import ReceiptFile
from tests.receipts.screens import (
    FILES,
    PAYMENTS,
    address,
    client_of,
    made,
    open_ward,
    page,
    person,
    upload,
)

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)


@pytest.fixture(autouse=True)
def ward() -> None:
    open_ward()


class TestHome:
    def test_says_what_to_decide_and_what_came_in_by_kind(self) -> None:
        clerk = client_of("tax01")
        assert "最初のファイルを取り込む" in page(clerk, "/admin/")
        good = upload(clerk, made(), "good.dat")
        upload(clerk, made(kind="bad-date", seed=2), "bad.dat")
        shown = page(clerk, "/admin/")
        tally = clerk.get("/admin/").context["tally"]
        assert "bad.dat" in shown.split("今日登録した")[0]
        assert "good.dat" not in shown.split("今日登録した")[0]
        counted = [good.totals["types"].get(kind) for kind in ("01", "02", "03")]
        expected = [(one["count"], one["amount"]) if one else (0, 0) for one in counted]
        assert tally["sums"][:3] == expected
        assert tally["rows"][0][1] == tally["sums"]

    def test_shows_ten_of_todays_files_and_the_way_to_all(self) -> None:
        clerk = client_of("tax01")
        for number in range(12):
            upload(clerk, b"", f"{number}.dat")
        shown = page(clerk, "/admin/")
        assert len(clerk.get("/admin/").context["today_files"]) == 10
        (link,) = re.findall(r'<a href="([^"]+)">今日の受信ファイルをすべて見る（12件）</a>', shown)
        assert clerk.get(link).context["cl"].result_count == 12

    @pytest.mark.parametrize(
        ("who", "said"), [("system01", "職員を登録し"), ("privacy01", "だれが、いつ、何を見たか")]
    )
    def test_says_what_a_role_without_business_can_do(self, who: str, said: str) -> None:
        shown = page(client_of(who), "/admin/")
        assert said in shown and "この役割では見られません" in shown

    def test_what_only_part_of_a_file_registered_counts_only_that_part(self) -> None:
        clerk = client_of("tax01")
        file = upload(clerk, made(kind="bad-date"), accept_partial="on")
        tally = clerk.get("/admin/").context["tally"]
        assert sum(count for count, _ in tally["sums"]) == file.accepted


class TestTakenInBefore:
    def test_is_said_with_the_way_to_the_first_file(self) -> None:
        clerk = client_of("tax01")
        first = upload(clerk, made(), "first.dat")
        second = upload(clerk, made(), "second.dat")
        assert second.state == ReceiptFile.State.FAILED
        shown = page(clerk, address(second))
        assert f"{moment(first.received_at)}に試用 税務（tax01）が取り込んでいます" in shown
        assert f'href="{address(first)}">先に取り込んだファイルを開く' in shown
        asked = clerk.get(f"{FILES}progress/", {"file": [first.pk, second.pk]}).json()["files"]
        earlier = {one["id"]: one["earlier"] for one in asked}
        assert earlier == {first.pk: None, second.pk: {"url": address(first)}}

    def test_names_a_command_as_people_do(self) -> None:
        clerk = client_of("tax01")
        ReceiptFile.objects.filter(pk=upload(clerk, made()).pk).update(
            door="command", received_by_name="command:import_receipts（root）"
        )
        second = upload(clerk, made())
        assert "にコマンド（root）が取り込んでいます" in page(clerk, address(second))
        listed = page(clerk, FILES)
        assert "コマンド（root）" in listed and "import_receipts" not in listed


class TestAccessRecords:
    RECORDS = "/admin/accesslog/accessrecord/"

    def test_are_listed_in_words_and_kept_as_written(self) -> None:
        from apps.accesslog.models import AccessRecord

        clerk, privacy = client_of("tax01"), client_of("privacy01")
        file = upload(clerk, made())
        payment = Payment.objects.first()
        assert payment is not None
        page(clerk, f"{PAYMENTS}{payment.pk}/change/?show=number")
        page(clerk, f"{FILES}{file.pk}/errors/csv/")
        clerk.post(PAYMENTS, {"q": "9" * 44})
        page(privacy, FILES, 403)
        listed = page(privacy, self.RECORDS)
        for said in ["取込", "番号の表示", f"収納 {payment.number}", "保存", "検索",
                      f"受信ファイル {file.pk} のエラー一覧", "×</span> 拒否", "○</span> 成功"]:  # fmt: skip
            assert said in listed, said
        assert not re.search(r">(GET|POST)<", listed)
        newest = AccessRecord.objects.filter(target=FILES).first()
        assert newest is not None and newest.action == "GET" and newest.result == "拒否"
        shown = page(privacy, f"{self.RECORDS}{newest.pk}/change/")
        assert "受信ファイルの一覧" in shown and FILES in shown and "応答の番号" in shown
        assert instant(newest.at) in shown

    @pytest.mark.parametrize(
        ("asked", "some"),
        [({"deed": "read"}, True), ({"deed": "send"}, True), ({"deed": "work"}, True),
         ({"result": "失敗"}, False), ({"from": "2999-01-01"}, False), ({"q": "tax01"}, True),
         ({"q": FILES}, True), ({"deed": "x", "result": "x"}, False)],
    )  # fmt: skip
    def test_can_be_narrowed(self, asked: dict[str, str], some: bool) -> None:
        clerk, privacy = client_of("tax01"), client_of("privacy01")
        upload(clerk, made())
        page(clerk, FILES)
        found = privacy.get(self.RECORDS, asked).context["cl"]
        assert bool(found.result_count) is some
        every = privacy.get(self.RECORDS).context["cl"].result_count
        assert found.result_count < every

    def test_every_address_and_every_detail_has_words(self) -> None:
        """What a request may note is named by the views; a new name without words shows as code."""
        noted = set()
        for path in Path("apps").rglob("*.py"):
            for call in re.findall(r"\bnote\(\s*request,([^)]*)", path.read_text()):
                noted |= set(re.findall(r"(?:^|,)\s*(\w+)=", call))
        assert noted and noted <= set(words.LABELS)


class TestNotices:
    def test_stays_until_its_person_marks_it_as_read(self) -> None:
        notice = notify(person("tax01"), "取込が止まりました。", "/admin/")
        clerk = client_of("tax01")
        assert notice.text in page(clerk, FILES)
        client_of("nhi01").post(f"/home/notices/{notice.pk}/read/")
        assert notice.text in page(clerk, FILES)
        response = clerk.post(f"/home/notices/{notice.pk}/read/", {"next": FILES})
        assert response["Location"] == FILES
        assert notice.text not in page(clerk, FILES)
        assert Notice.objects.get(pk=notice.pk).read_at is not None

    def test_never_leads_to_another_site(self) -> None:
        response = client_of("tax01").post("/home/notices/read/", {"next": "//example.com/"})
        assert response["Location"] == "/admin/"
