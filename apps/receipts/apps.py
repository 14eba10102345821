from django.apps import AppConfig
from django.core.checks import register


class ReceiptsConfig(AppConfig):
    name = "apps.receipts"
    label = "receipts"
    verbose_name = "受信"

    def ready(self) -> None:
        from .checks import added_layouts

        register(added_layouts)
