"""The screens as a browser has them: the policy, the drop, no script, the keyboard, narrow and dark."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db.models import Count
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.organization.models import Business, Staff
from apps.organization.services import notify
from apps.payments.models import Payment
from apps.receipts import generating
from apps.receipts.models import ReceiptFile
from apps.receipts.selectors import PROGRESS_KEY

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(databases="__all__", transaction=True),
]

FILES = "/admin/receipts/receiptfile/"
PAYMENTS = "/admin/payments/payment/"
UPLOAD = f"{FILES}upload/"
SAMPLE = Path("static/samples/dsk_test_cp932.csv")
Open = Callable[..., Page]

CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (one) => (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const words = [...element.childNodes].filter((one) => one.nodeType === 3)
      .map((one) => one.textContent.trim()).join("");
    const box = element.getBoundingClientRect();
    if (!words || !element.checkVisibility() || box.width < 2 || element.closest("svg")) continue;
    const [one, two] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) faint.push(`${words.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A good file and one with a wrong line, as they lie on the clerk's desk."""
    found = {}
    for name, kind in [("good", None), ("wrong", "bad-date")]:
        found[name] = tmp_path / f"{name}.dat"
        day = datetime.date(2026, 4, 1)
        found[name].write_bytes(
            generating.make_file("shinjuku-120", "tax", day, 40, len(name), kind=kind)
        )
    return found


def take_in(page: Page, *paths: Path) -> None:
    page.goto(UPLOAD)
    page.set_input_files("#id_uploads", list(paths))
    page.click("#upload button[type=submit]")
    expect(page.locator("#rows [data-state]")).to_have_count(len(paths))


def everywhere(page: Page) -> list[str]:
    """Every kind of page, with something on it."""
    done, failed = (ReceiptFile.objects.filter(state=state).first() for state in ("done", "failed"))
    payment = Payment.objects.first()
    assert done and failed and payment
    return [
        "/admin/",
        UPLOAD,
        FILES,
        f"{FILES}{done.pk}/change/",
        f"{FILES}{failed.pk}/change/",
        f"{FILES}{done.pk}/lines/",
        f"{FILES}{done.pk}/lines/2/",
        f"{FILES}{done.pk}/cancel/",
        PAYMENTS,
        f"{PAYMENTS}{payment.pk}/change/?show=number",
        f"{PAYMENTS}duplicates/{done.pk}/",
        "/admin/password_change/",
    ]


def test_first_sample_in_two_clicks(open_as: Open, complaints: list[str]) -> None:
    page = open_as("tax01")
    page.click("text=最初のファイルを取り込む")
    page.set_input_files("#id_uploads", SAMPLE)
    page.click("#upload button[type=submit]")
    row = page.locator("#rows article").first
    expect(row.locator("[data-state=done]")).to_be_visible()
    expect(row.get_by_role("status")).to_have_text("16件登録 / 0件エラー / 0件重複")
    row.locator("[data-name]").click()
    expect(page.locator("h1")).to_contain_text("完了")
    assert complaints == []


def test_sample_is_two_clicks_from_the_start_in_a_demonstration(
    open_as: Open, complaints: list[str]
) -> None:
    page = open_as("tax01")
    page.click("text=最初のファイルを取り込む")
    page.click("text=試験ファイルを取り込む")
    row = page.locator("#rows article").first
    expect(row.get_by_role("status")).to_have_text("16件登録 / 0件エラー / 0件重複")
    page.click("text=試験ファイルを取り込む")
    again = page.locator("#rows article", has=page.locator("[data-state=failed]"))
    expect(again.get_by_role("status")).to_contain_text("試用 税務（tax01）が取り込んでいます")
    again.locator("[data-earlier] a").click()
    expect(page.locator("h1")).to_contain_text("完了")
    assert complaints == []


def test_files_dropped_together_are_sent_one_by_one(
    open_as: Open, files: dict[str, Path], complaints: list[str]
) -> None:
    page = open_as("tax01")
    page.goto(UPLOAD)
    given = page.evaluate_handle(
        """(texts) => {
          const data = new DataTransfer();
          for (const [name, text] of texts) data.items.add(new File([text], name));
          return data;
        }""",
        [[path.name, path.read_bytes().decode("ascii")] for path in files.values()],
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": given})
    page.dispatch_event("#drop", "drop", {"dataTransfer": given})
    expect(page.locator("#rows [data-state=done]")).to_have_count(1)
    expect(page.locator("#rows [data-state=failed]")).to_have_count(1)
    page.goto("/admin/")
    expect(page.locator("[aria-labelledby=waiting]")).to_contain_text("wrong.dat")
    page.goto(UPLOAD)
    expect(page.locator("#rows article")).to_have_count(2)
    assert complaints == []


def test_progress_goes_on_when_the_page_is_opened_again(
    open_as: Open, complaints: list[str]
) -> None:
    file = ReceiptFile.objects.create(
        name="large.dat",
        business=Business.objects.get(code="tax"),
        size=1,
        sha256="0" * 64,
        door="web",
        received_by=Staff.objects.get(username="tax01"),
        received_by_name="試用",
        state="checking",
    )
    seen = {"phase": "検証中", "done": 500, "total": 1000, "began": timezone.now().timestamp() - 9}
    cache.set(PROGRESS_KEY.format(file.pk), seen)
    page = open_as("tax01")
    page.goto(UPLOAD)
    row = page.locator("#rows article")
    expect(row.locator("[data-counts]")).to_have_text("検証中 500 / 1,000件")
    expect(row.locator("[data-rest]")).to_contain_text("残り 約")
    assert row.locator("progress").evaluate("(bar) => bar.value / bar.max") == 0.5
    page.goto(f"{FILES}{file.pk}/change/")
    expect(page.get_by_role("status")).to_contain_text("検証しています")
    ReceiptFile.objects.filter(pk=file.pk).update(state="failed")
    expect(page.locator("h1")).to_contain_text("失敗")
    assert complaints == []


def test_works_without_javascript(open_as: Open, files: dict[str, Path]) -> None:
    page = open_as("tax01", java_script_enabled=False)
    page.goto(UPLOAD)
    page.set_input_files("#id_uploads", list(files.values()))
    page.click("#upload button[type=submit]")
    expect(page.locator(".messagelist .success")).to_contain_text("good.dat")
    expect(page.locator(".messagelist .error")).to_contain_text("wrong.dat")


def test_works_by_keyboard_with_a_visible_focus(open_as: Open) -> None:
    page = open_as("tax01")
    page.goto(UPLOAD)
    page.focus("#upload summary")
    page.keyboard.press("Enter")
    page.focus("#id_layout")
    for expected in ["id_business", "id_accept_partial", ""]:
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => [document.activeElement.id, document.activeElement.tagName,"
            " parseFloat(getComputedStyle(document.activeElement).outlineWidth)]"
        )
        assert focused[0] == expected and focused[2] >= 2
    assert focused[1] == "BUTTON"
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("ファイルを選ぶか")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent"))


def test_lists_work_by_keys(open_as: Open, files: dict[str, Path], complaints: list[str]) -> None:
    page = open_as("tax01")
    take_in(page, *files.values())
    page.goto(FILES)
    names = page.locator("#result_list tbody th a").all_inner_texts()
    for key, expected in [("j", names[0]), ("j", names[1]), ("j", names[1]), ("k", names[0]),
                          ("ArrowDown", names[1]), ("ArrowUp", names[0])]:  # fmt: skip
        page.keyboard.press(key)
        assert focused(page) == expected
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
    page.keyboard.press("/")
    assert focused(page) == "searchbar"
    page.keyboard.type("jk/good")
    assert page.input_value("#searchbar") == "jk/good"
    page.fill("#searchbar", "good")
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    assert focused(page) == "searchbar"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "good.dat"
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("good.dat")
    # No search field here: the one that finds screens.
    page.keyboard.press("/")
    assert focused(page) == "nav-filter"
    assert complaints == []


def test_a_scanned_barcode_opens_its_payment_from_anywhere(
    open_as: Open, files: dict[str, Path], complaints: list[str]
) -> None:
    page = open_as("tax01")
    take_in(page, files["good"])
    once = Payment.objects.values("barcode").annotate(n=Count("pk")).filter(n=1)
    first, second = (one["barcode"] for one in once[:2])
    page.goto(PAYMENTS)
    for barcode, typed in [(first, f"]C1{first}"), (second, f"(91){second[2:]}"), (first, first)]:
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        payment = Payment.objects.get(barcode=barcode)
        page.wait_for_url(f"**{PAYMENTS}{payment.pk}/change/?from=search")
        expect(page.locator("h1")).to_contain_text(payment.number)
        assert focused(page) == "searchbar" and page.input_value("#searchbar") == ""
        assert barcode not in page.content()
    assert complaints == []


def test_keys_can_be_switched_off(open_as: Open, files: dict[str, Path]) -> None:
    page = open_as("tax01")
    take_in(page, files["good"])
    page.click("#keys button")
    page.goto(FILES)
    page.keyboard.press("/")
    page.keyboard.press("j")
    assert focused(page) not in ("searchbar", "good.dat")
    page.click("#keys button")
    page.keyboard.press("/")
    assert focused(page) == "searchbar"


@pytest.mark.parametrize(
    ("who", "where"),
    [("tax01", FILES), ("tax01", PAYMENTS), ("privacy01", "/admin/accesslog/accessrecord/"),
     ("system01", "/admin/organization/staff/")],
)  # fmt: skip
def test_rows_begin_in_the_upper_half(
    open_as: Open, files: dict[str, Path], who: str, where: str
) -> None:
    if who == "tax01":
        take_in(open_as("tax01"), files["good"])
    page = open_as(who, viewport={"width": 1280, "height": 800})
    page.goto(where)
    box = page.locator("#result_list tbody tr").first.bounding_box()
    assert box is not None and box["y"] < 380


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_keeps_the_policy_the_contrast_and_the_window(
    open_as: Open, files: dict[str, Path], complaints: list[str], scheme: str
) -> None:
    page = open_as("tax01", color_scheme=scheme)
    take_in(page, *files.values())
    notify(Staff.objects.get(username="tax01"), "取込が止まり、失敗しました。", FILES)
    for where in everywhere(page):
        # 1,280 px at 400 % is 320 px: nothing but tables may be wider than the window.
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            response = page.goto(where)
            assert response is not None and response.status == 200, where
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
            assert page.evaluate(CONTRAST) == [], (where, width)
            expect(page.locator(".demonstration")).to_be_visible()
        for button in page.locator(".button:visible, #content input[type=submit]:visible").all():
            button.focus()
            assert page.evaluate(CONTRAST) == [], (where, button.inner_text())
    assert complaints == []


def test_the_theme_button_wins_over_the_system(open_as: Open) -> None:
    page = open_as("tax01", color_scheme="dark", reduced_motion="reduce")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click(".theme-toggle >> visible=true")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light == "rgb(243, 245, 248)"
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize(
    ("who", "addresses"),
    [
        ("system01", ["/admin/organization/staff/", "/admin/organization/staff/add/",
                      "/admin/organization/business/"]),
        ("privacy01", ["/admin/accesslog/accessrecord/"]),
    ],
)  # fmt: skip
def test_screens_of_the_other_roles_keep_the_policy(
    open_as: Open, complaints: list[str], who: str, addresses: list[str]
) -> None:
    page = open_as(who)
    person = Staff.objects.get(username="tax01").pk
    if who == "system01":
        addresses = [*addresses, f"/admin/organization/staff/{person}/change/"]
    for where in addresses:
        response = page.goto(where)
        assert response is not None and response.status == 200, where
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
        assert page.evaluate(CONTRAST) == [], where
    assert complaints == []
