"""Books to send from: customers with one contact and one open invoice each, as many as wanted, in few statements."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.values import ids

SLICE = 1000
DEBTORS = """
INSERT INTO debtor (tenant_id, id, number, name, country, language, known_at)
SELECT :tenant, r.debtor_id, r.number, r.name, 'DE', 'en', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(debtor_id uuid, number text, name text)
ON CONFLICT (tenant_id, number) DO NOTHING
"""
CONTACTS = """
INSERT INTO contact (tenant_id, id, debtor_id, name, email, known_at)
SELECT :tenant, r.contact_id, r.debtor_id, 'Accounts payable', r.email, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(debtor_id uuid, contact_id uuid, email text)
ON CONFLICT (tenant_id, debtor_id, email) DO NOTHING
"""
INVOICES = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, tax_minor, issued_on, due_on, open_minor,
  known_at)
SELECT :tenant, r.invoice_id, r.debtor_id, r.number, 'EUR', 119000, 19000, :issued_on, :due_on, 119000, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(debtor_id uuid, invoice_id uuid, number text)
ON CONFLICT (tenant_id, number) DO NOTHING
"""
LINES = """
INSERT INTO invoice_line (tenant_id, invoice_id, position, debtor_id, description, quantity, unit_price_minor,
  net_minor, tax_rate, tax_minor)
SELECT :tenant, r.invoice_id, p.position, r.debtor_id, p.description, 10, 5000, 50000, 19, 9500
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(debtor_id uuid, invoice_id uuid),
  unnest(CAST('{1,2}' AS smallint[]), CAST('{Oak boards,Carriage}' AS text[])) AS p(position, description)
ON CONFLICT (tenant_id, invoice_id, position) DO NOTHING
"""


def fill(n: int, *, today: date, now: datetime, first: int = 0) -> list[UUID]:
    """Write n customers with an invoice each, issued yesterday; returns the invoices. In an open unit of a client."""
    made: list[UUID] = []
    for start in range(first, first + n, SLICE):
        rows = [_row(number) for number in range(start, min(start + SLICE, first + n))]
        text = json.dumps(rows, default=str)
        store.run(DEBTORS, rows=text, now=now)
        store.run(CONTACTS, rows=text, now=now)
        days = {"issued_on": today - timedelta(days=1), "due_on": today + timedelta(days=29)}
        store.run(INVOICES, rows=text, now=now, **days)
        store.run(LINES, rows=text)
        made += [row["invoice_id"] for row in rows]
    return made


def _row(number: int) -> dict[str, Any]:
    return {
        "debtor_id": ids.new(),
        "contact_id": ids.new(),
        "invoice_id": ids.new(),
        "number": f"S-{number:06}",
        "name": f"Customer {number}",
        "email": f"bills-{number}@customers.demo.test",
    }
