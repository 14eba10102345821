"""docs/settings.md says what the declarations say."""

from io import StringIO
from pathlib import Path

from django.core.management import call_command

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "settings.md"


def test_the_document_is_what_list_settings_prints():
    printed = StringIO()
    call_command("list_settings", stdout=printed)
    assert printed.getvalue() == DOCUMENT.read_text(encoding="utf-8"), (
        "manage.py list_settings > docs/settings.md で作り直してください"
    )
