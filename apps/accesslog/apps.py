from django.apps import AppConfig


class AccesslogConfig(AppConfig):
    name = "apps.accesslog"
    label = "accesslog"
    verbose_name = "アクセス記録"
