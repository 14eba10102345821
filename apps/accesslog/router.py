from typing import Any


class AccessLogRouter:
    """Access records live on their own database, so a rolled-back view still leaves its trace."""

    app = "accesslog"

    def _alias(self, model: type[Any]) -> str | None:
        return "accesslog" if model._meta.app_label == self.app else None

    def db_for_read(self, model: type[Any], **hints: Any) -> str | None:
        return self._alias(model)

    def db_for_write(self, model: type[Any], **hints: Any) -> str | None:
        return self._alias(model)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return (db == "accesslog") == (app_label == self.app)
