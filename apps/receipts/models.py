"""受信: what came in, line by line, and what is wrong with it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q

from apps.organization.models import Business

LINES_PER_FILE = 2**32


class Agency(models.Model):
    """収納代行会社: who sends receipt files. Its layouts and code tables are data files."""

    code = models.SlugField("代行会社", max_length=20, unique=True)
    name = models.CharField("名称", max_length=60)

    class Meta:
        verbose_name = "収納代行会社"
        verbose_name_plural = "収納代行会社"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """銘柄: the service a payer paid with, and its 収納チャンネル."""

    class Channel(models.TextChoices):
        EMONEY = "emoney", "電子マネー"
        BANK = "bank", "銀行スマホ決済"
        CREDIT = "credit", "クレジット"
        CONVENIENCE = "convenience", "コンビニエンスストア"
        POSTAL = "postal", "郵便振替"

    code = models.SlugField("銘柄コード", max_length=20, unique=True)
    name = models.CharField("銘柄", max_length=40)
    channel = models.CharField("収納チャンネル", max_length=12, choices=Channel)

    class Meta:
        verbose_name = "銘柄"
        verbose_name_plural = "銘柄"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class ReceiptFileQuerySet(models.QuerySet["ReceiptFile"]):
    def visible_to(self, person: AbstractBaseUser | AnonymousUser) -> ReceiptFileQuerySet:
        """Files of the person's businesses; of those whose business could not be read, his own and
        the inbox's, which nobody else would ever look after (their issues hold no values)."""
        if not person.is_authenticated or not person.is_active:
            return self.none()
        return self.filter(
            Q(business__in=Business.objects.visible_to(person))
            | Q(business=None, received_by=person.pk)
            | Q(business=None, received_by=None)
        )

    def registered(self) -> ReceiptFileQuerySet:
        return self.filter(state__in=ReceiptFile.REGISTERED)


class ReceiptFile(models.Model):
    """受信ファイル: one file that came in by any door, its check and its registration."""

    class State(models.TextChoices):
        RECEIVED = "received", "受信"
        CHECKING = "checking", "検証中"
        REGISTERING = "registering", "登録中"
        DONE = "done", "完了"
        PARTIAL = "partial", "一部エラー"
        FAILED = "failed", "失敗"
        CANCELLED = "cancelled", "取消"

    class Door(models.TextChoices):
        INBOX = "inbox", "受信箱"
        WEB = "web", "画面"
        COMMAND = "command", "コマンド"
        CORRECTION = "correction", "訂正行"

    RUNNING = (State.CHECKING, State.REGISTERING)
    REGISTERED = (State.DONE, State.PARTIAL)
    LIVE = (State.RECEIVED, *RUNNING, *REGISTERED)

    name = models.CharField("ファイル名", max_length=255)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, verbose_name="収納代行会社"
    )
    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, null=True, verbose_name="登録業務"
    )
    layout_code = models.CharField("レイアウト", max_length=30, blank=True)
    layout_version = models.PositiveSmallIntegerField("レイアウトの版", null=True)
    asked_layout = models.CharField("指定されたレイアウト", max_length=30, blank=True)
    asked_business = models.CharField("指定された業務", max_length=20, blank=True)
    size = models.BigIntegerField("大きさ（バイト）")
    sha256 = models.CharField("SHA-256", max_length=64)
    stored_as = models.CharField("一時保存の名前", max_length=40, blank=True)
    corrects = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="corrections",
        verbose_name="訂正する受信ファイル",
    )

    door = models.CharField("受付", max_length=10, choices=Door)
    received_at = models.DateTimeField("受信日時", auto_now_add=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, verbose_name="受信者"
    )
    received_by_name = models.CharField("受信者名", max_length=80)

    state = models.CharField("状態", max_length=12, choices=State, default=State.RECEIVED)
    accept_partial = models.BooleanField("エラー行を除いて登録する", default=False)
    lines = models.PositiveIntegerField("行数", default=0)
    accepted = models.PositiveIntegerField("登録", default=0)
    duplicate = models.PositiveIntegerField("重複", default=0)
    rejected = models.PositiveIntegerField("エラー", default=0)
    records = models.PositiveIntegerField("レコード数", default=0)
    payments_created = models.PositiveIntegerField("新しい収納", default=0)
    totals = models.JSONField("種別ごとの件数と金額", default=dict)
    newline = models.CharField("改行", max_length=4, blank=True)
    final_newline = models.BooleanField("最後の改行", default=True)

    run = models.CharField("実行", max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField("処理を始めた回数", default=0)
    worker = models.CharField("処理した場所", max_length=80, blank=True)
    lease_until = models.DateTimeField("この時刻まで進みがなければ停止とみなす", null=True)
    finished_at = models.DateTimeField("終了日時", null=True)
    purged_at = models.DateTimeField("端末データ削除日時", null=True)
    purged_sha256 = models.CharField("復元して確かめた SHA-256", max_length=64, blank=True)
    cancelled_at = models.DateTimeField("取消日時", null=True)
    cancelled_by_name = models.CharField("取消者", max_length=80, blank=True)
    cancel_reason = models.CharField("取消の理由", max_length=200, blank=True)

    objects = ReceiptFileQuerySet.as_manager()

    class Meta:
        verbose_name = "受信ファイル"
        verbose_name_plural = "受信ファイル"
        ordering = ["-pk"]
        constraints = [
            # The file's identity (design.md 3); one that failed or was cancelled may come again.
            models.UniqueConstraint(
                "agency",
                "sha256",
                condition=Q(state__in=["received", "checking", "registering", "done", "partial"]),
                name="receipt_file_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["done", "partial", "cancelled"])
                | Q(lines=F("accepted") + F("duplicate") + F("rejected")),
                name="receipt_file_every_line_accounted",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "-id"], name="receipt_file_by_business"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def first_line_id(self) -> int:
        return self.pk * LINES_PER_FILE

    @property
    def line_ids(self) -> tuple[int, int]:
        """The range of this file's line ids, for BETWEEN."""
        return self.first_line_id, self.first_line_id + LINES_PER_FILE - 1

    @property
    def running(self) -> bool:
        return self.state in self.RUNNING or self.state == self.State.RECEIVED

    @property
    def retryable(self) -> bool:
        """Failed with its bytes still kept, so that a person may have it run again."""
        return self.state == self.State.FAILED and bool(self.stored_as)


class ReceiptLineQuerySet(models.QuerySet["ReceiptLine"]):
    def visible_to(self, person: AbstractBaseUser | AnonymousUser) -> ReceiptLineQuerySet:
        return self.filter(file__in=ReceiptFile.objects.visible_to(person))

    def of(self, file: ReceiptFile) -> ReceiptLineQuerySet:
        """The lines of a file, through the primary key: there is no other index to keep."""
        return self.filter(pk__range=file.line_ids)


class ReceiptLine(models.Model):
    """受信行: one line of a file as it came, with its verdict.

    The id is the file's and the line number's: `file * 2**32 + number`, so one index serves as key,
    as order and as the way from a file to its lines, and a second registration collides.
    """

    class Verdict(models.IntegerChoices):
        STRUCTURE = 0, "見出し・合計"
        ACCEPTED = 1, "登録"
        DUPLICATE = 2, "重複"
        REJECTED = 3, "エラー"

    id = models.BigIntegerField(primary_key=True)
    file = models.ForeignKey(
        ReceiptFile, on_delete=models.PROTECT, db_index=False, verbose_name="受信ファイル"
    )
    verdict = models.SmallIntegerField("判定", choices=Verdict)
    raw = models.BinaryField("原データ")

    objects = ReceiptLineQuerySet.as_manager()

    class Meta:
        verbose_name = "受信行"
        verbose_name_plural = "受信行"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(id__gt=F("file") * LINES_PER_FILE)
                & Q(id__lt=F("file") * LINES_PER_FILE + LINES_PER_FILE),
                name="receipt_line_id_names_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}-{self.number}"

    @property
    def number(self) -> int:
        return self.pk % LINES_PER_FILE


class FileIssue(models.Model):
    """指摘: something wrong or unusual in a file. Its sentences are made from data/issues.toml."""

    class Effect(models.TextChoices):
        REFUSE = "refuse", "ファイルを登録しない"
        REJECT = "reject", "行を登録しない"
        NOTICE = "notice", "お知らせ"

    file = models.ForeignKey(
        ReceiptFile, on_delete=models.CASCADE, related_name="issues", verbose_name="受信ファイル"
    )
    line = models.PositiveBigIntegerField("行番号", default=0)
    record_type = models.CharField("レコード区分", max_length=10, blank=True)
    field = models.CharField("項目", max_length=40, blank=True)
    offset = models.IntegerField("位置", null=True)
    value = models.CharField("値", max_length=200, blank=True)
    code = models.SlugField("コード", max_length=40)
    effect = models.CharField("扱い", max_length=8, choices=Effect)
    params = models.JSONField("内訳", default=dict)
    occurrences = models.PositiveIntegerField("件数", default=1)

    class Meta:
        verbose_name = "指摘"
        verbose_name_plural = "指摘"
        ordering = ["line", "pk"]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
