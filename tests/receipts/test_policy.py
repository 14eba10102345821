"""Whether the good lines of a file with bad ones are registered: the layout's policy and the person's word."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.organization.models import Staff
from apps.payments.models import Payment
from apps.receipts import generating, layouts, services
from apps.receipts.models import ReceiptFile, ReceiptLine
from tests.receipts import door

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.usefixtures("reference", "acting"),
]

State = ReceiptFile.State
DAY = datetime.date(2026, 4, 1)
Change = Callable[[str, str], None]


@pytest.fixture
def changed_layout(own_folders: Path) -> Iterator[Change]:
    """changed_layout("partial = true", "partial = false"): version 2 of shinjuku-120, put by an administrator."""

    def change(before: str, after: str) -> None:
        text = (layouts.SHIPPED / "shinjuku-120.toml").read_text(encoding="utf-8")
        assert before in text
        folder = own_folders / "receipts" / "layouts"
        folder.mkdir(parents=True)
        text = text.replace("version = 1", "version = 2").replace(before, after)
        (folder / "ours.toml").write_text(text, encoding="utf-8")
        layouts.all_layouts.cache_clear()

    layouts.all_layouts.cache_clear()
    yield change
    layouts.all_layouts.cache_clear()


def bad(kind: str = "bad-date") -> bytes:
    return generating.make_file("shinjuku-120", "tax", DAY, 20, 3, kind=kind)


def by_a_person(content: bytes, person: Staff, accept_partial: bool = False) -> ReceiptFile:
    file = services.take_in(
        io.BytesIO(content),
        name="a.dat",
        door=ReceiptFile.Door.WEB,
        received_by=person,
        received_by_name=str(person),
        accept_partial=accept_partial,
    )
    return services.process(file.pk)


def test_nothing_is_registered_until_a_person_says_so(
    staff: dict[str, Staff], django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    file = by_a_person(bad(), staff["tax01"])
    assert file.state == State.FAILED and not ReceiptLine.objects.exists()
    found = {one.code: one for one in file.issues.exclude(effect="notice")}
    assert set(found) == {"date-unreadable", "partial-not-chosen"}
    assert found["partial-not-chosen"].params == {"rejected": 1, "rest": 19}
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        services.retry(file, by=staff["tax01"], accept_partial=True)
    file.refresh_from_db()
    assert (file.state, file.accepted, file.rejected) == (State.PARTIAL, 19, 1)
    assert file.purged_at and [one.code for one in file.issues.filter(effect="reject")] == [
        "date-unreadable"
    ]


def test_said_beforehand_the_rest_is_registered_at_once(staff: dict[str, Staff]) -> None:
    file = by_a_person(bad(), staff["tax01"], accept_partial=True)
    assert (file.state, file.accepted, file.rejected) == (State.PARTIAL, 19, 1)


def test_a_layout_may_forbid_it(
    changed_layout: Change, import_file: Callable[..., door.Run]
) -> None:
    changed_layout("partial = true", "partial = false")
    run = import_file(bad())
    assert run.exit_code == 2 and set(run.codes) == {"date-unreadable", "partial-not-allowed"}
    assert not Payment.objects.exists() and door.in_vault() == []
    assert import_file(generating.make_file("shinjuku-120", "tax", DAY, 20, 3)).exit_code == 0
    assert ReceiptFile.objects.first().layout_version == 2


def test_receipts_before_the_contract_began_may_be_rejected(
    changed_layout: Change, import_file: Callable[..., door.Run]
) -> None:
    changed_layout('before_start = "notice"', 'before_start = "reject"')
    run = import_file(bad("before-start"))
    assert run.exit_code == 1 and run.codes == ["before-start"] and run["rejected"] == 1


def test_the_same_layout_read_again_keeps_the_higher_version(changed_layout: Change) -> None:
    changed_layout("record_length = 120", "record_length = 120")
    assert layouts.get("shinjuku-120").version == 2
