"""One shape of DATABASES for both engines; the access log is a database of its own (design.md 5)."""

from typing import Any

import environ


def database(url: str) -> dict[str, Any]:
    """Django's settings for one database URL, with what this product needs of each engine."""
    config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    options: dict[str, Any] = config.setdefault("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        options |= {
            # A writer waits for the one before it; a deferred transaction would fail at once instead.
            "transaction_mode": "IMMEDIATE",
            "timeout": 60,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
        }
    else:
        config["CONN_HEALTH_CHECKS"] = True
        config["CONN_MAX_AGE"] = 60
    return config
