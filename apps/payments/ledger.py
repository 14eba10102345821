"""The book of payments: staged lines become payments and entries, by a fixed number of statements.

A payment's state is computed from the set of its counted entries, so the order of arrival cannot
matter (design.md 4). Which line is counted and which is a duplicate is decided by the two UNIQUE
constraints, never by a look before a write.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from apps.receipts import agencies
from apps.receipts.ledger import Posted
from apps.receipts.models import LINES_PER_FILE, ReceiptFile, ReceiptLine
from apps.receipts.registering.staging import TABLE as STAGED

from .models import Payment, PaymentEntry

PAYMENT = Payment._meta.db_table
ENTRY = PaymentEntry._meta.db_table
LINE = ReceiptLine._meta.db_table
FILE = ReceiptFile._meta.db_table
REST = "staged_rest"  # staged lines that tell of a payment which another line made
TOUCHED = "touched_payment"

State = Payment.State
_KEY = "barcode, received_on, received_time, company_code, store_code, occurrence"


def _roles(*names: str) -> str:
    """SQL list of the data types with these roles; the table is ours, so it may stand in the text."""
    found = [f"'{one.code}'" for one in agencies.data_types().values() if one.role in names]
    return f"({', '.join(found)})"


def _state_of_one(data_type: str) -> str:
    """SQL: the state of a payment that only one data type has told of."""
    return (
        f"CASE WHEN {data_type} IN {_roles('preliminary')} THEN {State.PRELIMINARY:d}"
        f" WHEN {data_type} IN {_roles('final', 'correction')} THEN {State.FINAL:d}"
        f" WHEN {data_type} IN {_roles('cancel')} THEN {State.CANCELLED:d}"
        f" ELSE {State.REVIEW:d} END"
    )


def _state_of_all(entries: str) -> str:
    """SQL aggregate: the state that follows from a payment's counted entries, whatever their order.

    A 速報取消 beside a 確報 changes no amount and is for a person to decide.
    """

    def has(roles: str) -> str:
        return f"max(CASE WHEN {entries}.data_type IN {roles} THEN 1 ELSE 0 END) = 1"

    known = _roles("preliminary", "final", "cancel", "correction")
    strange = f"max(CASE WHEN {entries}.data_type NOT IN {known} THEN 1 ELSE 0 END) = 1"
    final, correction, cancel = _roles("final"), _roles("correction"), _roles("cancel")
    return (
        f"CASE WHEN max({entries}.line_id) IS NULL THEN {State.WITHDRAWN:d}"
        f" WHEN {strange} THEN {State.REVIEW:d}"
        f" WHEN ({has(final)} OR {has(correction)}) AND {has(cancel)} THEN {State.REVIEW:d}"
        f" WHEN {has(final)} AND {has(correction)} THEN {State.REVIEW:d}"
        f" WHEN {has(final)} OR {has(correction)} THEN {State.FINAL:d}"
        f" WHEN {has(cancel)} THEN {State.CANCELLED:d}"
        f" ELSE {State.PRELIMINARY:d} END"
    )


class PaymentLedger:
    """収納の台帳, as receipts.ledger.Ledger asks for it."""

    def post(self, file: ReceiptFile) -> Posted:
        with connection.cursor() as cursor:
            return _Posting(cursor, file).run()

    def withdraw(self, file: ReceiptFile) -> None:
        with connection.cursor() as cursor:
            _withdraw(cursor, file)

    def effect_of_withdrawal(self, file: ReceiptFile) -> dict[str, int]:
        with connection.cursor() as cursor:
            return _effect_of_withdrawal(cursor, file)


def _fix_plans(cursor: Any) -> None:
    """Keep PostgreSQL's planner, for this transaction, from trusting statistics it cannot have yet.

    Thousands of rows are new to it, and a plan made for the few it knows loops over them for each
    other. So: joins are hash joins of rows named by ranges of ids, and what is looked up in the book
    is a sub-select or an ON CONFLICT, which go by an index. jit: a plan around a forbidden join only
    looks dear, and a dear plan would be compiled first.
    """
    if connection.vendor == "postgresql":
        for setting in ("enable_nestloop", "enable_mergejoin", "jit"):
            cursor.execute(f"SET LOCAL {setting} = off")


class _Posting:
    """One file's staged lines into the book."""

    def __init__(self, cursor: Any, file: ReceiptFile) -> None:
        self.cursor = cursor
        self.file = file
        self.base = file.first_line_id
        self.postgres = connection.vendor == "postgresql"

    def _do(self, sql: str, **params: Any) -> int:
        named = {"base": self.base, "last": self.base + LINES_PER_FILE - 1, **params}
        self.cursor.execute(sql, named)
        return int(self.cursor.rowcount)

    def _one(self, sql: str) -> int:
        self._do(sql)
        return int(self.cursor.fetchone()[0])

    def run(self) -> Posted:
        if self.postgres:
            self._do(f"ANALYZE {STAGED} (number, key_hash)")
            self._do("SET LOCAL work_mem = '64MB'")
        _fix_plans(self.cursor)
        self._number_occurrences()
        staged = self._one(f"SELECT count(*) FROM {STAGED}")
        created = self._create_payments()
        self._do(
            f"INSERT INTO {ENTRY} (line_id, payment_id, data_type, counted)"
            f" SELECT p.id, p.id, s.data_type, true"
            f" FROM {PAYMENT} p JOIN {STAGED} s ON s.number = p.id - %(base)s"
            " WHERE p.id BETWEEN %(base)s AND %(last)s"
        )
        duplicate = self._join_existing() if created < staged else 0
        return Posted(accepted=staged - duplicate, duplicate=duplicate, payments_created=created)

    def _number_occurrences(self) -> None:
        """Two true identical payments in one file are its first and second occurrence."""
        repeated = f"SELECT key_hash FROM {STAGED} GROUP BY key_hash HAVING count(*) > 1"
        self._do(
            f"UPDATE {STAGED} SET occurrence = r.occurrence FROM ("
            f" SELECT number, row_number() OVER (PARTITION BY data_type, barcode, received_on,"
            f" received_time, company_code, store_code ORDER BY number) AS occurrence"
            f" FROM {STAGED} WHERE key_hash IN ({repeated})) r"
            f" WHERE r.number = {STAGED}.number AND r.occurrence > 1"
        )

    def _create_payments(self) -> int:
        """One payment for each identity not in the book, numbered after the line that tells of it."""
        return self._do(
            f"INSERT INTO {PAYMENT} (id, agency_id, business_id, brand_id, state, received_on,"
            " received_time, barcode, company_code, store_code, occurrence, amount,"
            " transfer_due_on, accounted_on)"
            " SELECT %(base)s + number, %(agency)s, %(business)s, NULLIF(brand_id, 0),"
            f" {_state_of_one('data_type')}, received_on, rtrim(received_time), barcode,"
            " rtrim(company_code), rtrim(store_code), occurrence, amount,"
            f" {self._day('transfer_due_on')}, {self._day('accounted_on')}"
            # In the order of the lines, which is the order they were staged in.
            f" FROM {STAGED} WHERE true ON CONFLICT ({_KEY}, agency_id) DO NOTHING",
            agency=self.file.agency_id,
            business=self.file.business_id,
        )

    def _day(self, column: str) -> str:
        return f"NULLIF({column}, '-infinity'::date)" if self.postgres else column

    def _join_existing(self) -> int:
        """Entries for payments that other lines made; returns how many lines were duplicates."""
        self._do(f"DROP TABLE IF EXISTS {REST}")
        # The lines of no payment made just now. COALESCE, so that the index of the look-up is the
        # identity's and never the one of the day.
        self._do(
            f"CREATE TEMPORARY TABLE {REST} AS"
            " SELECT s.number, s.data_type, s.received_on, rtrim(s.received_time) AS received_time,"
            " s.barcode, rtrim(s.company_code) AS company_code, rtrim(s.store_code) AS store_code,"
            f" s.occurrence, s.amount, {self._day('s.transfer_due_on')} AS transfer_due_on,"
            f" {self._day('s.accounted_on')} AS accounted_on,"
            f" (SELECT p.id FROM {PAYMENT} p WHERE p.barcode = s.barcode"
            "  AND COALESCE(p.received_on, s.received_on) = s.received_on"
            "  AND p.received_time = rtrim(s.received_time)"
            "  AND p.company_code = rtrim(s.company_code) AND p.store_code = rtrim(s.store_code)"
            "  AND p.occurrence = s.occurrence AND p.agency_id = %(agency)s) AS payment_id"
            f" FROM {STAGED} s LEFT JOIN (SELECT line_id FROM {ENTRY}"
            "  WHERE line_id BETWEEN %(base)s AND %(last)s) e ON e.line_id = %(base)s + s.number"
            " WHERE e.line_id IS NULL",
            agency=self.file.agency_id,
        )
        entry = f"INSERT INTO {ENTRY} (line_id, payment_id, data_type, counted)"
        self._do(
            f"{entry} SELECT %(base)s + number, payment_id, data_type, true FROM {REST}"
            " WHERE true ON CONFLICT (payment_id, data_type) WHERE counted DO NOTHING"
        )
        duplicate = self._do(
            f"{entry} SELECT %(base)s + r.number, r.payment_id, r.data_type, false FROM {REST} r"
            f" LEFT JOIN (SELECT line_id FROM {ENTRY} WHERE line_id BETWEEN %(base)s AND %(last)s) e"
            " ON e.line_id = %(base)s + r.number WHERE e.line_id IS NULL"
        )
        if duplicate:
            self._do(
                f"UPDATE {LINE} SET verdict = {ReceiptLine.Verdict.DUPLICATE:d}"
                f" WHERE id BETWEEN %(base)s AND %(last)s AND id IN (SELECT line_id FROM {ENTRY}"
                "  WHERE line_id BETWEEN %(base)s AND %(last)s AND NOT counted)"
            )
        self._restate()
        self._do(f"DROP TABLE {REST}")
        return duplicate

    def _restate(self) -> None:
        """New states and dates of the payments that this file's lines joined.

        Every one is there already, so this only updates; as an INSERT with ON CONFLICT it finds its
        rows by the primary key whatever the planner believes.
        """
        same = ", ".join(f"max(r.{name})" for name in _KEY.split(", "))
        self._do(
            f"INSERT INTO {PAYMENT} (id, agency_id, business_id, {_KEY}, amount, state,"
            " transfer_due_on, accounted_on)"
            f" SELECT r.payment_id, %(agency)s, %(business)s, {same}, max(r.amount),"
            f" (SELECT {_state_of_all('e')} FROM {ENTRY} e"
            "   WHERE e.payment_id = r.payment_id AND e.counted),"
            " max(r.transfer_due_on), max(r.accounted_on)"
            f" FROM {REST} r WHERE (SELECT own.counted FROM {ENTRY} own"
            "   WHERE own.line_id = %(base)s + r.number) GROUP BY r.payment_id"
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state,"
            f" transfer_due_on = COALESCE(excluded.transfer_due_on, {PAYMENT}.transfer_due_on),"
            f" accounted_on = COALESCE(excluded.accounted_on, {PAYMENT}.accounted_on)",
            agency=self.file.agency_id,
            business=self.file.business_id,
        )


def _withdraw(cursor: Any, file: ReceiptFile) -> None:
    """Take a file's entries out; duplicates elsewhere step into their place, so nothing is lost."""
    params = {"first": file.line_ids[0], "last": file.line_ids[1]}
    _fix_plans(cursor)
    cursor.execute(f"DROP TABLE IF EXISTS {TOUCHED}")
    cursor.execute(
        f"CREATE TEMPORARY TABLE {TOUCHED} AS SELECT DISTINCT payment_id FROM {ENTRY}"
        " WHERE line_id BETWEEN %(first)s AND %(last)s",
        params,
    )
    cursor.execute(f"DELETE FROM {ENTRY} WHERE line_id BETWEEN %(first)s AND %(last)s", params)
    cursor.execute(
        f"SELECT min(d.line_id) FROM {TOUCHED} t JOIN {ENTRY} d ON d.payment_id = t.payment_id"
        f" AND NOT d.counted LEFT JOIN {ENTRY} c ON c.payment_id = d.payment_id"
        " AND c.data_type = d.data_type AND c.counted"
        " WHERE c.line_id IS NULL GROUP BY d.payment_id, d.data_type"
    )
    _promote(cursor, [row[0] for row in cursor.fetchall()])
    cursor.execute(
        # The 支払予定日 came with a 確報; without one it is not known.
        f"UPDATE {PAYMENT} SET state = c.state, transfer_due_on = CASE WHEN c.state IN"
        f" ({State.FINAL:d}, {State.REVIEW:d}) THEN {PAYMENT}.transfer_due_on END"
        f" FROM (SELECT t.payment_id, {_state_of_all('e')} AS state"
        f" FROM {TOUCHED} t LEFT JOIN {ENTRY} e ON e.payment_id = t.payment_id AND e.counted"
        f" GROUP BY t.payment_id) c WHERE {PAYMENT}.id = c.payment_id"
    )
    cursor.execute(f"DROP TABLE {TOUCHED}")


def _promote(cursor: Any, line_ids: list[int]) -> None:
    """Count these duplicates from now on, in their entry, their line and their file's figures."""
    by_file: dict[int, int] = {}
    for line_id in line_ids:
        by_file[line_id // LINES_PER_FILE] = by_file.get(line_id // LINES_PER_FILE, 0) + 1
    marks = [(line_id,) for line_id in line_ids]
    if not marks:
        return
    cursor.executemany(f"UPDATE {ENTRY} SET counted = true WHERE line_id = %s", marks)
    cursor.executemany(
        f"UPDATE {LINE} SET verdict = {ReceiptLine.Verdict.ACCEPTED:d} WHERE id = %s", marks
    )
    cursor.executemany(
        f"UPDATE {FILE} SET accepted = accepted + %s, duplicate = duplicate - %s WHERE id = %s",
        [(count, count, file_id) for file_id, count in by_file.items()],
    )


def _effect_of_withdrawal(cursor: Any, file: ReceiptFile) -> dict[str, int]:
    """件数 and yen of the payments that would be withdrawn, and how many would only change state."""
    cursor.execute(
        f"SELECT count(*), COALESCE(sum(CASE WHEN others = 0 THEN amount ELSE 0 END), 0),"
        " COALESCE(sum(CASE WHEN others = 0 THEN 1 ELSE 0 END), 0) FROM ("
        f"  SELECT p.id, p.amount, (SELECT count(*) FROM {ENTRY} o WHERE o.payment_id = p.id"
        "   AND o.line_id NOT BETWEEN %(first)s AND %(last)s) AS others"
        f"  FROM {PAYMENT} p WHERE p.id IN (SELECT payment_id FROM {ENTRY}"
        "   WHERE line_id BETWEEN %(first)s AND %(last)s)) x",
        {"first": file.line_ids[0], "last": file.line_ids[1]},
    )
    touched, amount, withdrawn = (int(value) for value in cursor.fetchone())
    return {"withdrawn": withdrawn, "amount": amount, "restated": touched - withdrawn}
