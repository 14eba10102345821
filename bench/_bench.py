"""Measures the importer beside what it is compared with, in one run, and writes bench/results/.

Needs only the standard library; the servers and the virtual environment are script/test's.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _children
import _servers
import _venv

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PARTS = ("check", "postgres", "sqlite", "memory", "large")
# As safe as production; roomy enough that a checkpoint does not fall into one run and not another.
SERVER = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "2GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
}
TABLES = ("receipts_receiptline", "payments_payment", "payments_paymententry")


class Bench:
    def __init__(self, python: Path, scratch: Path, records: int, rounds: int) -> None:
        self.python, self.scratch, self.records, self.rounds = python, scratch, records, rounds
        self.env = dict(os.environ)
        self.psql_url = ""
        self.results: dict[str, dict[str, object]] = {}

    # -- doing --

    def step(self, *arguments: str | Path) -> dict[str, float]:
        """One step in a process of its own; its figures."""
        done = subprocess.run(
            [self.python, BENCH / "_step.py", *map(str, arguments)],
            env=self.env | {"PYTHONPATH": f"{ROOT}:{BENCH}"}, cwd=ROOT, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(
                f"{arguments} に失敗しました。\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
            )
        figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        print("  ", *(Path(str(part)).name for part in arguments), figures, flush=True)
        return figures

    def timed(self, command: list[str | Path]) -> float:
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        return time.perf_counter() - began

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [self.python, "manage.py", *arguments],
            env=self.env, cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def psql(self, *commands: str, **variables: int) -> float:
        """Commands in one transaction each; seconds."""
        settings = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        parts = [part for command in commands for part in ("-c", command)]
        return self.timed(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", *settings, "-d", self.psql_url, *parts]
        )

    def file(self, records: int, seed: int = 7, day: str = "2026-06-10") -> Path:
        path = self.scratch / f"{records}-{seed}.dat"
        if not path.exists():
            self.step("generate", path, str(records), str(seed), day)
        return path

    def database(self, url: str, name: str) -> None:
        """A fresh data folder with reference data, in this database."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        self.env |= {
            "DJANGO_SETTINGS_MODULE": "shinjuku_shuno.settings.local",
            "SHUNO_DATA_DIR": str(folder),
        }
        for variable, database in (
            ("DATABASE_URL", "shuno"),
            ("ACCESSLOG_DATABASE_URL", "accesslog"),
        ):
            self.env.pop(variable, None)
            if url:
                self.env[variable] = f"{url.rsplit('/', 1)[0]}/{database}"
        self.manage("migrate", "-v0")
        self.manage("migrate", "-v0", "--database", "accesslog")
        self.manage("load_reference")

    def emptied(self) -> None:
        self.psql(
            "SET client_min_messages = warning; TRUNCATE receipts_receiptfile, payments_payment CASCADE",
            "CHECKPOINT",
        )

    # -- measuring --

    def check(self) -> None:
        """検証だけ."""
        path = self.file(self.records)
        binary = self.scratch / "check-in-c"
        subprocess.run(
            ["gcc", "-O3", "-march=native", "-o", binary, BENCH / "baselines/check.c"], check=True
        )
        ours, pandas, c = [], [], []
        for _ in range(self.rounds):
            ours.append(self.step("check", path)["seconds"])
            pandas.append(self.timed([self.python, BENCH / "baselines/pandas_check.py", path]))
            c.append(self.timed([binary, path]))
        self.say(
            "check", records=self.records, ours=ours, pandas_read_fwf=pandas, c=c,
            ratio_pandas_to_ours=ratio(pandas, ours), ratio_ours_to_c=ratio(ours, c),
            asked="pandas / 製品 ≥ 20",
        )  # fmt: skip

    def postgres(self) -> None:
        """取込の全部, beside \\copy of the finished rows, bulk_create and one object at a time."""
        path, few = self.file(self.records), self.file(max(self.records // 50, 1000))
        ours, copied = [], []
        finished = {table: self.scratch / f"{table}.copy" for table in TABLES}
        for _ in range(self.rounds):
            self.emptied()
            ours.append(self.step("product", path)["seconds"])
            for table, target in finished.items():
                self.psql(f"\\copy {table} to '{target}'")
            self.psql(
                "SET client_min_messages = warning; TRUNCATE payments_payment, receipts_receiptline CASCADE",
                "CHECKPOINT",
            )
            loads = [f"\\copy {table} from '{source}'" for table, source in finished.items()]
            copied.append(
                self.timed(
                    [
                        "psql",
                        "-q",
                        "-1",
                        "-d",
                        self.psql_url,
                        *(p for load in loads for p in ("-c", load)),
                    ]
                )
            )
        self.emptied()
        bulk = [self.step("bulk", path)["seconds"]]
        self.emptied()
        rows = [self.step("row_by_row", few)["seconds"] * self.records / (self.records // 50)]
        self.say(
            "postgres", records=self.records, ours=ours, psql_copy=copied, bulk_create=bulk,
            row_by_row_scaled_from_a_fiftieth=rows, ratio_ours_to_copy=ratio(ours, copied),
            ratio_bulk_create_to_ours=ratio(bulk, ours), ratio_row_by_row_to_ours=ratio(rows, ours),
            asked="製品 / copy ≤ 1.5、bulk_create / 製品 ≥ 4、1行ずつ / 製品 ≥ 30",
        )  # fmt: skip

    def sqlite(self) -> None:
        """SQLite."""
        path = self.file(self.records)
        self.database("", "sqlite-ours")
        ours = [self.step("product", path)["seconds"]]
        self.database("", "sqlite-bulk")
        bulk = [self.step("bulk", path)["seconds"]]
        self.say(
            "sqlite", records=self.records, ours=ours, bulk_create=bulk,
            ratio_bulk_create_to_ours=ratio(bulk, ours), asked="bulk_create / 製品 ≥ 3",
        )  # fmt: skip

    def memory(self) -> None:
        """Peak memory and time of one file and of one five times as long."""
        figures = {}
        for records in (self.records, self.records * 5):
            self.emptied()
            figures[records] = self.step("product", self.file(records))
        one, five = figures[self.records], figures[self.records * 5]
        self.say(
            "memory", records=[*figures], peak_mb=[one["peak_mb"], five["peak_mb"]],
            seconds=[one["seconds"], five["seconds"]],
            ratio_time_five_to_one=round(five["seconds"] / one["seconds"], 2),
            ratio_memory_five_to_one=round(five["peak_mb"] / one["peak_mb"], 2),
            asked="250 MB 未満で同じ、時間は行数に比例（5）",
        )  # fmt: skip

    def large(self) -> None:
        """Into an empty table and into one with ten times the records."""
        past, path = self.file(self.records), self.file(self.records, seed=8)
        copies = 9
        self.emptied()
        empty = [self.step("product", path)["seconds"]]
        self.emptied()
        self.psql("ALTER SEQUENCE receipts_receiptfile_id_seq RESTART WITH 1000")
        self.step("product", past)
        self.timed(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"copies={copies}",
             "-d", self.psql_url, "-f", BENCH / "prefill.sql"]
        )  # fmt: skip
        self.psql("CHECKPOINT")
        full = [self.step("product", path)["seconds"]]
        self.say(
            "large", records=self.records, payments_before=(copies + 1) * self.records, empty=empty,
            full=full, ratio_full_to_empty=ratio(full, empty), asked="1,000万件の表 / 空の表 ≤ 1.3",
        )  # fmt: skip

    def say(self, part: str, **figures: object) -> None:
        self.results[part] = figures
        print(part, json.dumps(figures, ensure_ascii=False), flush=True)


def ratio(above: list[float], below: list[float]) -> float:
    return round(statistics.median(above) / statistics.median(below), 2)


def machine() -> dict[str, object]:
    model = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    version = subprocess.run(["psql", "--version"], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return {
        "cpu": model, "cores": os.cpu_count(), "system": platform.platform(),
        "python": platform.python_version(), "postgres": version, "server_settings": SERVER, "commit": commit,
    }  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default=",".join(PARTS), help="in this order")
    parser.add_argument("--output", type=Path, default=BENCH / "results")
    options = parser.parse_args(arguments)
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"{'、'.join(unknown)} はありません（{'、'.join(PARTS)}）。")
    options.output.mkdir(exist_ok=True)
    name = datetime.datetime.now().strftime("%Y%m%d-%H%M") + ".json"
    about = {"command": "bench/run " + " ".join(arguments), "machine": machine()}
    _children.interrupt_on_signals()
    python = _venv.ready(_venv.DEVELOPMENT, ROOT / "var" / "log")
    scratch, cluster = (
        Path(tempfile.mkdtemp(prefix="shuno-bench-")),
        Path(tempfile.mkdtemp(prefix="shuno-pg-")),
    )
    children: list[_children.Child] = []
    bench = Bench(python, scratch, options.records, options.rounds)
    try:
        bench.psql_url = _servers.start_postgres(cluster, children, **SERVER)
        for part in wanted:
            if part != "sqlite":
                bench.database(bench.psql_url, part)
            getattr(bench, part)()
            # After each part, so that one that is interrupted leaves what it has measured.
            (options.output / name).write_text(
                json.dumps(about | {"results": bench.results}, ensure_ascii=False, indent=1) + "\n",
                "utf-8",
            )
    finally:
        _children.stop(children)
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(cluster, ignore_errors=True)
    print(options.output / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
