"""Web サーバ（gunicorn）の入口。"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shinjuku_shuno.settings.production")

application = get_wsgi_application()
