"""No access without its record: one per request, naming who, what and how it ended; or no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from apps.accesslog import services
from apps.accesslog.middleware import NOBODY, UNKNOWN, AccessRecordMiddleware
from apps.accesslog.models import AccessRecord, RecordsAreKept
from apps.home import demonstration
from apps.organization.models import Staff
from apps.receipts import generating
from apps.receipts.models import ReceiptFile
from shinjuku_shuno.urls import urlpatterns as real
from tests.security.conftest import DAY, Ward

pytestmark = pytest.mark.django_db(databases="__all__")

FILES = "/admin/receipts/receiptfile/"
PAYMENTS = "/admin/payments/payment/"


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("支払者 91999999")


urlpatterns = [path("broken/", broken), *real]
handler400 = "apps.home.views.bad_request"
handler403 = "apps.home.views.forbidden"
handler404 = "apps.home.views.not_found"
handler500 = "apps.home.views.broken"


class Since:
    """The records written since it was made, oldest first."""

    def __init__(self) -> None:
        last = AccessRecord.objects.first()
        self.last = last.pk if last else 0

    def all(self) -> list[AccessRecord]:
        return list(AccessRecord.objects.filter(pk__gt=self.last).order_by("pk"))

    def one(self) -> AccessRecord:
        (record,) = self.all()
        return record


class TestOnePerRequest:
    @pytest.mark.parametrize(
        ("role", "where", "status", "result"),
        [
            ("own", FILES, 200, "成功"),
            ("own", "/admin/nothing/", 404, "不存在"),
            ("own", "/nothing", 404, "不存在"),
            ("own", "/", 302, "成功"),
            ("system", FILES, 403, "拒否"),
            ("anonymous", FILES, 302, "拒否"),
            ("stopped", FILES, 302, "拒否"),
            ("anonymous", "/admin/login/", 200, "成功"),
        ],
    )
    def test_names_who_what_and_how_it_ended(
        self, ward: Ward, role: str, where: str, status: int, result: str
    ) -> None:
        client, since = ward.client(role), Since()
        assert client.get(where, REMOTE_ADDR="10.1.2.3").status_code == status
        record = since.one()
        known = role not in ("anonymous", "stopped")
        assert record.actor == (str(ward.people[role]) if known else NOBODY)
        assert record.actor_id == (ward.people[role].pk if known else None)
        assert (record.action, record.target, record.result) == ("GET", where, result)
        assert record.detail["status"] == status and record.terminal == "10.1.2.3"

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "X" * 60])
    def test_of_any_method(self, ward: Ward, method: str) -> None:
        client, since = ward.client("own"), Since()
        assert client.generic(method, FILES).status_code < 500
        assert since.one().action == method[:40]

    def test_a_broken_view_is_a_failure_that_names_the_error_but_not_its_words(
        self, ward: Ward, settings: Any
    ) -> None:
        settings.ROOT_URLCONF = __name__
        client, since = ward.client("own"), Since()
        response = client.get("/broken/")
        record = since.one()
        assert response.status_code == 500
        assert "91999999" not in response.content.decode()
        assert record.result == "失敗" and record.actor_id == ward.people["own"].pk
        assert record.detail == {"status": 500, "error": "RuntimeError"}

    def test_a_form_without_its_token_and_a_foreign_host(self, ward: Ward, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["testserver"]
        client = Client(enforce_csrf_checks=True)
        client.force_login(ward.people["own"])
        since = Since()
        assert client.post("/home/notices/read/").status_code == 403
        record = since.one()
        assert record.result == "拒否" and record.actor_id == ward.people["own"].pk
        since = Since()
        assert client.get(FILES, headers={"Host": "evil.example"}).status_code == 400
        # Refused before anyone could look who it was, although a session came along.
        assert (since.one().actor, since.one().result) == (UNKNOWN, "失敗")

    def test_when_the_business_database_is_gone_the_failure_is_still_recorded(
        self, ward: Ward, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client, since = ward.client("own"), Since()

        def gone(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError("server closed the connection")

        with monkeypatch.context() as patched:
            patched.setattr(connections["default"], "cursor", gone)
            response = client.get(FILES)
        assert response.status_code == 500
        record = since.one()
        assert (record.actor, record.result) == (UNKNOWN, "失敗")

    def test_none_for_a_static_file_but_one_for_what_is_not_there(self, ward: Ward) -> None:
        client, since = ward.client("own"), Since()
        served: Any = client.get("/static/theme.css")
        # Not close(): the test's own database would go with it.
        for close in served._resource_closers:
            close()
        assert served.status_code == 200
        assert since.all() == []
        assert client.get("/static/../admin/").status_code == 404
        assert since.one().result == "不存在"

    def test_what_cannot_be_stored_as_it_is_never_costs_the_record(self, ward: Ward) -> None:
        client = ward.client("own")
        for where in ["/admin/%00/", "/" + "x" * 2000 + "/", "/admin/%ff%fe/", "/%F0%9F%8D%99"]:
            since = Since()
            assert client.get(where).status_code in (301, 302, 404)
            record = since.one()
            assert "\0" not in record.target and len(record.target) <= 300
        Staff.objects.filter(pk=ward.people["own"].pk).update(name="長" * 60)
        since = Since()
        assert client.get(FILES).status_code == 200
        assert len(since.one().actor) <= 80


class TestLogin:
    def login(self, client: Client, username: str, password: str) -> Any:
        return client.post("/admin/login/", {"username": username, "password": password})

    def test_names_the_person_who_came_in_and_went_out(self, ward: Ward) -> None:
        client, since = Client(), Since()
        assert self.login(client, "tax01", demonstration.PASSWORD).status_code == 302
        assert (since.one().actor_id, since.one().result) == (ward.people["own"].pk, "成功")
        since = Since()
        assert client.post("/admin/logout/").status_code == 200
        assert (since.one().actor_id, since.one().action) == (ward.people["own"].pk, "POST")

    @pytest.mark.parametrize("username", ["tax01", "stopped", "nobody-knows", "my-password-1"])
    def test_failure_names_the_account_if_there_is_one_and_nothing_that_was_typed(
        self, ward: Ward, username: str
    ) -> None:
        ward.client("stopped")
        since = Since()
        assert self.login(Client(), username, "wrong-secret").status_code == 200
        record = since.one()
        account = Staff.objects.filter(username=username).first()
        assert (record.actor, record.actor_id, record.result) == (NOBODY, None, "失敗")
        assert record.detail["account"] == (account.pk if account else None)
        kept = json.dumps(record.detail) + record.target + record.actor
        assert "wrong-secret" not in kept and "my-password-1" not in kept


class TestWhatIsDoneInside:
    def test_is_done_by_the_person_of_the_request(self, ward: Ward) -> None:
        """A service called from a view records its act under the person's name, not as nobody's."""
        client, since = ward.client("own"), Since()
        content = generating.make_file("shinjuku-120", "tax", DAY, 5, 77)
        client.post(f"{FILES}upload/", {"uploads": SimpleUploadedFile("new.dat", content)})
        assert [(one.action, one.actor_id) for one in since.all()] == [
            ("受信", ward.people["own"].pk),
            ("POST", ward.people["own"].pk),
        ]

    def test_nothing_of_one_request_is_left_for_the_next(self, ward: Ward) -> None:
        ward.client("own").get(FILES)
        with pytest.raises(services.NoActor):
            services.record("試験", "要求の外")
        since = Since()
        Client().get("/admin/login/")
        assert since.one().actor == NOBODY


class TestNoRecordNoAnswer:
    @pytest.fixture
    def unwritable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*args: Any, **kwargs: Any) -> None:
            raise DatabaseError("attempt to write a readonly database")

        monkeypatch.setattr("apps.accesslog.models.AccessRecord.objects.create", refuse)

    def pages(self, ward: Ward) -> list[str]:
        file, payment = ward.own[0], ward.payments("tax").earliest("pk")
        return [
            "/admin/", FILES, f"{FILES}{file.pk}/change/", f"{FILES}{file.pk}/lines/",
            f"{FILES}{file.pk}/lines/2/", f"{FILES}{ward.own[1].pk}/errors/xlsx/",
            f"{FILES}{ward.own[1].pk}/errors/csv/", f"{FILES}progress/?file={file.pk}",
            PAYMENTS, f"{PAYMENTS}{payment.pk}/change/?show=number",
            f"{PAYMENTS}of-line/{file.pk}/2/", "/admin/nothing/", "/",
        ]  # fmt: skip

    def test_every_answer_is_the_plain_page(self, ward: Ward, unwritable: None) -> None:
        client = ward.client("own")
        plain = set()
        for where in self.pages(ward):
            response = client.get(where)
            assert response.status_code == 503, where
            assert not response.streaming and "Location" not in response, where
            assert "default-src 'self'" in response["Content-Security-Policy"]
            assert "no-store" in response["Cache-Control"]
            plain.add(response.content.decode())
        (page,) = plain
        assert "記録" in page and "access-record-not-written" in page
        assert not any(one.name in page for one in ward.own)

    def test_nobody_is_logged_in(self, ward: Ward, unwritable: None) -> None:
        client = Client()
        response = client.post(
            "/admin/login/", {"username": "tax01", "password": demonstration.PASSWORD}
        )
        assert response.status_code == 503 and not response.cookies

    def test_a_broken_view_is_withheld_too(
        self, ward: Ward, unwritable: None, settings: Any
    ) -> None:
        settings.ROOT_URLCONF = __name__
        assert ward.client("own").get("/broken/").status_code == 503

    def test_a_gone_table_is_the_same(self, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(AccessRecord._meta, "db_table", "no_such_table")
        response = ward.client("own").get(f"{FILES}{ward.own[0].pk}/change/")
        assert response.status_code == 503 and ward.own[0].name not in response.content.decode()

    def test_an_act_that_records_itself_first_does_not_take_place(
        self, ward: Ward, unwritable: None
    ) -> None:
        with pytest.raises(services.RecordNotWritten), services.acting_as(services.Actor("x")):
            services.record("試験", "何か")

    def test_is_the_outermost_of_all(self, settings: Any) -> None:
        first = f"{AccessRecordMiddleware.__module__}.{AccessRecordMiddleware.__qualname__}"
        assert settings.MIDDLEWARE[0] == first


class TestKept:
    def test_no_answer_may_be_kept_by_a_browser(self, ward: Ward) -> None:
        """What is shown again from a cache is seen again without a record."""
        file, payment = ward.own[0], ward.payments("tax").earliest("pk")
        client = ward.client("own")
        for where in [
            "/admin/", FILES, f"{FILES}{file.pk}/change/", f"{FILES}progress/?file={file.pk}",
            f"{FILES}{ward.own[1].pk}/errors/csv/", f"{PAYMENTS}{payment.pk}/change/",
        ]:  # fmt: skip
            assert "no-store" in client.get(where)["Cache-Control"], where

    def test_the_model_refuses_change_and_removal(self, ward: Ward) -> None:
        record = AccessRecord.objects.latest("pk")
        for forbidden in (
            record.save,
            record.delete,
            AccessRecord.objects.all().delete,
            lambda: AccessRecord.objects.update(actor="x"),
        ):
            with pytest.raises(RecordsAreKept):
                forbidden()

    def test_a_file_that_came_in_leaves_its_records(self, ward: Ward) -> None:
        file = ward.own[0]
        acts = AccessRecord.objects.filter(target=f"受信ファイル {file.pk}")
        assert {one.action for one in acts} == {"受信", "端末データ削除", "取込"}
        assert file.state == ReceiptFile.State.DONE
