"""Celery の入口。予定（beat）は settings.CELERY_BEAT_SCHEDULE にある。"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shinjuku_shuno.settings.local")

app = Celery("shinjuku_shuno")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
