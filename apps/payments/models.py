"""収納: what was paid, and the lines that say so."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from apps.organization.models import Business
from apps.receipts.models import LINES_PER_FILE, Agency, Brand, ReceiptLine


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, person: AbstractBaseUser | AnonymousUser) -> PaymentQuerySet:
        """Payments of the businesses the person may see."""
        return self.filter(business__in=list(Business.objects.visible_to(person)))


class Payment(models.Model):
    """収納: one payment at one counter. Its state follows from its entries, whatever their order.

    The id is that of the line that first told of it, so people may read it as file-line (`3-17`).
    Amounts are in yen. The identity is design.md 3's and held by a constraint. Agency and brand are
    code tables that nothing is deleted from: their two foreign keys are not checked again per row,
    which would be a quarter of the time of an import (bench/).
    """

    class State(models.IntegerChoices):
        PRELIMINARY = 1, "速報"
        FINAL = 2, "確報"
        CANCELLED = 3, "速報取消"
        REVIEW = 4, "要確認"
        WITHDRAWN = 9, "取消済"

    id = models.BigIntegerField(primary_key=True)
    agency = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        verbose_name="収納代行会社",
    )
    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, db_index=False, verbose_name="登録業務"
    )
    brand = models.ForeignKey(
        Brand,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        verbose_name="銘柄",
    )
    state = models.SmallIntegerField("状態", choices=State)
    received_on = models.DateField("収納日付")
    received_time = models.CharField("収納時間", max_length=4, blank=True)
    barcode = models.CharField("バーコード情報", max_length=44)
    company_code = models.CharField("小売業企業コード", max_length=8)
    store_code = models.CharField("収納店舗コード", max_length=8)
    occurrence = models.SmallIntegerField("同一内容の何件目か", default=1)
    amount = models.IntegerField("金額（円）")
    transfer_due_on = models.DateField("支払い予定日", null=True)
    accounted_on = models.DateField("経理処理日", null=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = "収納"
        verbose_name_plural = "収納"
        ordering = ["-pk"]
        constraints = [
            # Leads with the barcode so that it serves the barcode search too.
            models.UniqueConstraint(
                fields=[
                    "barcode",
                    "received_on",
                    "received_time",
                    "company_code",
                    "store_code",
                    "occurrence",
                    "agency",
                ],
                name="payment_identity",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["business", "received_on"], name="payment_by_business_day"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """収納番号 for people: file and line."""
        return f"{self.pk // LINES_PER_FILE}-{self.pk % LINES_PER_FILE}"


class PaymentEntry(models.Model):
    """収納明細: a line that tells of a payment. Counted is the first of its data type, the rest are 重複."""

    line = models.OneToOneField(
        ReceiptLine, on_delete=models.PROTECT, primary_key=True, verbose_name="受信行"
    )
    payment = models.ForeignKey(
        Payment,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="entries",
        verbose_name="収納",
    )
    data_type = models.CharField("データ種別", max_length=2)
    counted = models.BooleanField("登録")

    class Meta:
        verbose_name = "収納明細"
        verbose_name_plural = "収納明細"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "data_type"],
                condition=Q(counted=True),
                name="payment_entry_once",
            ),
        ]
        indexes = [
            # Of all entries, duplicates too: without it a payment could only be deleted, when its time
            # has come, by reading every entry.
            models.Index(fields=["payment"], name="payment_entry_by_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.data_type}"
