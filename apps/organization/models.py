"""課, 登録業務, staff, and what a person may see. Rights hang on Business (design.md 6)."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from guardian.shortcuts import get_objects_for_user
from simple_history.models import HistoricalRecords


class Department(models.Model):
    """課: an office of the ward that owns 登録業務."""

    code = models.SlugField("課コード", max_length=20, unique=True)
    division = models.CharField("部", max_length=40)
    name = models.CharField("課名", max_length=40)
    history = HistoricalRecords()

    class Meta:
        verbose_name = "課"
        verbose_name_plural = "課"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class BusinessQuerySet(models.QuerySet["Business"]):
    def visible_to(self, person: AbstractBaseUser | AnonymousUser) -> BusinessQuerySet:
        """The businesses whose payers this person may see; nobody by being superuser."""
        if not person.is_authenticated or not person.is_active:
            return self.none()
        granted = get_objects_for_user(
            person,
            "organization.view_business",
            Business,
            with_superuser=False,
            accept_global_perms=False,
        )
        return self.filter(pk__in=granted.values("pk"))


class Business(models.Model):
    """登録業務: what the ward registered as handling personal data, and what every right hangs on."""

    code = models.SlugField("業務コード", max_length=20, unique=True)
    name = models.CharField("業務名", max_length=60)
    short_name = models.CharField("略称", max_length=10)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="businesses", verbose_name="所管課"
    )
    starts_on = models.DateField("外部結合の開始日", null=True, blank=True)
    history = HistoricalRecords()

    objects = BusinessQuerySet.as_manager()

    class Meta:
        verbose_name = "登録業務"
        verbose_name_plural = "登録業務"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class BusinessUserObjectPermission(UserObjectPermissionBase):
    """A right of one person on one business, with a real foreign key (django-codebases 7.1)."""

    content_object = models.ForeignKey(Business, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "業務の権限（個人）"


class BusinessGroupObjectPermission(GroupObjectPermissionBase):
    """A right of one group on one business, with a real foreign key."""

    content_object = models.ForeignKey(Business, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        verbose_name = "業務の権限（組）"


class Staff(AbstractUser):
    """職員: an account. Stopped by `is_active`, never deleted; the log keeps naming it."""

    username = models.CharField("職員番号", max_length=20, unique=True)
    name = models.CharField("氏名", max_length=60)
    department = models.ForeignKey(
        Department,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="staff",
        verbose_name="所属",
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    history = HistoricalRecords(excluded_fields=["password", "last_login"])

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "職員"
        verbose_name_plural = "職員"
        ordering = ["username"]

    def __str__(self) -> str:
        return f"{self.name}（{self.username}）"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class Notice(models.Model):
    """お知らせ: a sentence for one person, shown on every screen until read."""

    staff = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="notices", verbose_name="宛先"
    )
    text = models.CharField("内容", max_length=300)
    url = models.CharField("リンク先", max_length=200, blank=True)
    created_at = models.DateTimeField("日時", auto_now_add=True)
    read_at = models.DateTimeField("既読日時", null=True, blank=True)

    class Meta:
        verbose_name = "お知らせ"
        verbose_name_plural = "お知らせ"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["staff"], name="notice_unread", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return self.text
