from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "apps.payments"
    label = "payments"
    verbose_name = "収納"

    def ready(self) -> None:
        from apps.receipts import ledger

        from .ledger import PaymentLedger

        ledger.keep(PaymentLedger())
