"""The payments in the database, in the form of tests.receipts.plain.Book."""

from __future__ import annotations

from apps.payments.models import Payment


def payments() -> dict[tuple[object, ...], tuple[int, str]]:
    """Identity to yen and state, without those withdrawn."""
    return {
        (
            one.agency.code,
            f"{one.received_on:%Y%m%d}",
            one.received_time,
            one.barcode,
            one.company_code,
            one.store_code,
            one.occurrence,
        ): (one.amount, one.get_state_display())
        for one in Payment.objects.exclude(state=Payment.State.WITHDRAWN).select_related("agency")
    }
