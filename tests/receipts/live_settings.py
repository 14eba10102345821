"""Settings of the processes that tests start: the same test database, folders and Redis, real tasks."""

import os
from pathlib import Path

from shinjuku_shuno.settings.test import *  # noqa: F403
from shinjuku_shuno.settings.test import DATABASES

for _alias in DATABASES:
    DATABASES[_alias]["NAME"] = os.environ[f"LIVE_{_alias.upper()}_NAME"]
RECEIPTS_DIR = Path(os.environ["LIVE_RECEIPTS_DIR"])
RECEIPTS_INBOX = RECEIPTS_DIR / "inbox"
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 7200,
    "global_keyprefix": f"{RECEIPTS_DIR}:",
}
