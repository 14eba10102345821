"""Every access to anything, by anyone. Issue 3 adds the seal; the door stays `services.record`."""

from typing import Any, NoReturn

from django.db import models


class RecordsAreKept(RuntimeError):
    """Raised when something tries to change or delete an access record."""


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise RecordsAreKept("アクセス記録は変更できません。")

    def delete(self) -> NoReturn:
        raise RecordsAreKept("アクセス記録は削除できません。")


class AccessRecord(models.Model):
    """アクセス記録: one request, job or command. Names are copied in, so it reads without the account."""

    at = models.DateTimeField("日時", auto_now_add=True)
    actor = models.CharField("利用者", max_length=80)
    actor_id = models.BigIntegerField("職員", null=True)
    department = models.CharField("所属", max_length=40, blank=True)
    terminal = models.CharField("端末", max_length=45, blank=True)
    action = models.CharField("操作", max_length=40)
    target = models.CharField("対象", max_length=300)
    result = models.CharField("結果", max_length=20)
    detail = models.JSONField("内容", default=dict)

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "アクセス記録"
        verbose_name_plural = "アクセス記録"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk or not self._state.adding:
            raise RecordsAreKept("アクセス記録は変更できません。")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RecordsAreKept("アクセス記録は削除できません。")
