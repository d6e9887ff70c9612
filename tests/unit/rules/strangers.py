"""Random documents and random books: rules that nobody would write, about customers that nobody would have."""

import json
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules import readers, stages
from tenants.rules.counting import COUNTABLE
from tenants.rules.fields import HOLDS_OF, REGISTRY, Field, Kind
from tenants.values import ids
from tests.unit.rules.reference import GRADES, Bill, Customer

CURRENCIES = ("EUR", "GBP", "JPY")
GROUPS = ("key", "strategic", "small", "paper-required")
CUSTOMERS = """
INSERT INTO debtor (tenant_id, id, number, name, country, language, channel, credit_limit_minor, owner_id, known_at)
SELECT :tenant, r.id, r.id, 'Stranger', r.country, r.language, r.channel, r.credit_limit, r.owner, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, country text, language text, channel text, credit_limit bigint, owner uuid) RETURNING id
"""
BELONG = """
INSERT INTO debtor_group (tenant_id, debtor_id, key)
SELECT :tenant, r.debtor_id, r.key FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(debtor_id uuid, key text)
RETURNING key
"""
BILLS = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor, voided_on,
  settled_on, purchase_order, delivery, delivered_at, bounced_at, first_seen_at, evidence_level, reminder_count,
  last_reminder_at, last_contact_at, last_reply_at, known_at)
SELECT :tenant, r.id, r.debtor_id, r.id, r.currency, r.amount_minor, r.issued_on, r.due_on, r.open_minor, r.voided_on,
  r.settled_on, r.purchase_order, r.delivery, r.delivered_at, r.bounced_at, r.first_seen_at, r.evidence_level,
  r.reminder_count, r.last_reminder_at, r.last_contact_at, r.last_reply_at, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, currency text, amount_minor bigint,
  issued_on date, due_on date, open_minor bigint, voided_on date, settled_on date, purchase_order text, delivery text,
  delivered_at timestamptz, bounced_at timestamptz, first_seen_at timestamptz, evidence_level smallint,
  reminder_count smallint, last_reminder_at timestamptz, last_contact_at timestamptz, last_reply_at timestamptz)
RETURNING id
"""
HOLDS = """
INSERT INTO hold (tenant_id, id, kind, debtor_id, invoice_id, starts_on, ends_on, ended_at, outcome, actor, opened_at)
SELECT :tenant, r.id, r.kind, r.debtor_id, r.invoice_id, r.starts_on, r.ends_on, r.ended_at, r.outcome, 'Sofia',
  r.opened_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, kind text, debtor_id uuid, invoice_id uuid, starts_on date,
  ends_on date, ended_at timestamptz, outcome text, opened_at timestamptz) RETURNING id
"""
TAGS = """
INSERT INTO subject_tag (tenant_id, subject_id, key, actor, tagged_at)
SELECT :tenant, r.id, r.key, 'Sofia', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, key text) RETURNING key
"""
STAGED = """
INSERT INTO subject_stage (tenant_id, subject_id, stage, rank, actor, entered_at)
SELECT :tenant, r.id, r.stage, 1, 'Sofia', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, stage text) RETURNING stage
"""
LOOSE = """
INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on,
  known_at)
SELECT :tenant, r.id, r.debtor_id, r.id, r.currency, r.minor, r.minor, DATE '2026-01-05', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, currency text, minor bigint) RETURNING id
"""
CONTACTS = """
INSERT INTO contact (tenant_id, id, debtor_id, email, known_at)
SELECT :tenant, r.id, r.id, 'stranger@example.test', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid) RETURNING id
"""
SENT = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, queued_at, sent_at)
SELECT :tenant, r.id, r.debtor_id, r.debtor_id, r.id, 'reminder', 'stranger@example.test', 'First reminder', r.at, r.at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, at timestamptz) RETURNING id
"""
MARKS = ("vip", "slow", "new")


UNWRITTEN = ("groups", "bills", "holds", "tags", "loose", "messages", "stage")
"""What stands in tables of its own."""


class Strangers:
    """Makes them, always the same ones for one seed."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.dice, self.now = Random(seed), now

    def day(self) -> date:
        return self.now.date() + timedelta(days=self.dice.randint(-40, 20))

    def instant(self) -> datetime | None:
        if self.dice.random() < 0.35:
            return None
        return self.now - timedelta(minutes=self.dice.choice((0, 1, 60, 1440, self.dice.randint(-2000, 40_000))))

    def customer(self) -> Customer:
        groups = frozenset(self.dice.sample(GROUPS, self.dice.randint(0, 2)))
        pick = self.dice.choice
        found = Customer(pick(("DE", "GB", "FR", "")), pick(("en", "de")), pick(("email", "portal", "paper")), groups)
        found.credit_limit = pick((None, 0, self.dice.randint(1, 900_000)))
        found.owner = pick((None, str(ids.new())))
        found.stage, found.tags = self.marks()
        found.loose = [(pick(CURRENCIES), self.dice.randint(1, 200_000)) for _ in range(pick((0, 0, 1, 2)))]
        found.messages = [at for _ in range(pick((0, 1, 3, 5))) if (at := self.instant()) is not None]
        return found

    def marks(self) -> tuple[str | None, frozenset[str]]:
        stage = self.dice.choice((None, *stages.STAGES))
        return stage, frozenset(self.dice.sample(MARKS, self.dice.randint(0, 2)))

    def bill(self, customer: Customer) -> Bill:
        dice, amount = self.dice, self.dice.randint(0, 300_000)
        due_on = self.day()
        stage, tags = self.marks()
        row = {
            "currency": dice.choice(CURRENCIES),
            "amount_minor": amount,
            "open_minor": dice.choice((0, amount, amount // 2)),
            "voided_on": self.day() if dice.random() < 0.1 else None,
            "issued_on": due_on - timedelta(days=dice.randint(0, 45)),
            "due_on": due_on,
            "purchase_order": dice.choice(("", "PO-7", "po-77", "X-PO-7", "4711")),
            "delivery": dice.choice(tuple(REGISTRY["invoice.delivery"].words)),
            "evidence_level": dice.randint(0, 7),
            "reminder_count": dice.randint(0, 4),
        }
        for name in (
            "delivered_at",
            "bounced_at",
            "first_seen_at",
            "last_reminder_at",
            "last_contact_at",
            "last_reply_at",
        ):
            row[name] = self.instant()
        paid = due_on + timedelta(days=dice.randint(-10, 30))
        row["settled_on"] = paid - timedelta(days=dice.choice((0, 0, 80, 360))) if row["open_minor"] == 0 else None
        return Bill(customer, row, stage=stage, tags=tags)

    def hold(self) -> dict[str, Any]:
        kind, starts_on = self.dice.choice(("dispute", "promise", "plan", "pause")), self.day()
        ends = starts_on + timedelta(days=self.dice.randint(0, 30))
        return {
            "kind": kind,
            "starts_on": starts_on,
            "ends_on": ends if kind in ("promise", "pause") or self.dice.random() < 0.5 else None,
            "ended_at": self.instant() if self.dice.random() < 0.4 else None,
            "outcome": self.dice.choice(("", "broken", "kept")),
            "opened_at": self.now - timedelta(minutes=self.dice.randint(0, 10_000)),
        }

    def books(self, bills: int) -> dict[UUID, Bill | Customer]:
        """Write random books into the open unit of work; answers every subject by its id."""
        people = {ids.new(): self.customer() for _ in range(max(2, bills // 4))}
        found: dict[UUID, Bill] = {}
        owner: dict[UUID, UUID] = {}
        for _ in range(bills):
            invoice, debtor = ids.new(), self.dice.choice(list(people))
            found[invoice], owner[invoice] = self.bill(people[debtor]), debtor
            people[debtor].bills.append(found[invoice])
        held = []
        for subject, debtor in [*owner.items(), *((None, each) for each in people)]:
            if self.dice.random() < 0.4:
                hold = self.hold()
                (found[subject].holds if subject else people[debtor].holds).append(hold)
                held.append({**hold, "id": ids.new(), "debtor_id": debtor, "invoice_id": subject})
        self._write(
            CUSTOMERS, [{**vars(each), "id": key, **dict.fromkeys(UNWRITTEN, 0)} for key, each in people.items()]
        )
        self._write(BELONG, [{"debtor_id": key, "key": name} for key, each in people.items() for name in each.groups])
        self._write(BILLS, [{**each.row, "id": key, "debtor_id": owner[key]} for key, each in found.items()])
        self._write(HOLDS, held)
        marked = [*people.items(), *found.items()]
        self._write(TAGS, [{"id": key, "key": tag} for key, each in marked for tag in each.tags])
        self._write(STAGED, [{"id": key, "stage": each.stage} for key, each in marked if each.stage])
        loose = [(key, currency, minor) for key, each in people.items() for currency, minor in each.loose]
        self._write(LOOSE, [{"id": ids.new(), "debtor_id": d, "currency": c, "minor": m} for d, c, m in loose])
        self._write(CONTACTS, [{"id": key} for key in people])
        sent = [(key, at) for key, each in people.items() for at in each.messages]
        self._write(SENT, [{"id": ids.new(), "debtor_id": key, "at": at} for key, at in sent])
        return {**people, **found}

    def _write(self, sql: str, rows: list[dict[str, Any]]) -> None:
        now = {"now": self.now} if ":now" in sql else {}
        store.run(sql, rows=json.dumps(rows, default=str), **now)

    def document(self) -> dict[str, Any]:
        about = self.dice.choice(("invoice", "invoice", "customer"))
        skip = self.dice.sample(HOLDS_OF[about], self.dice.randint(0, len(HOLDS_OF[about])))
        return {
            "key": "a-stranger",
            "about": about,
            "when": {"every": "day", "at": "09:00"},
            "if": {"all": [self.node(about, 1) for _ in range(self.dice.randint(1, 3))]},
            "then": [{"do": "alert", "severity": "low", "to": "specialist"}],
            "again": {"never": True},
            "skip_while": skip,
        }

    def node(self, about: str, depth: int) -> dict[str, Any]:
        roll = self.dice.random()
        if roll < 0.08:
            return self.count()
        if depth >= 3 or roll < 0.55:
            field = self.dice.choice([each for each in REGISTRY.values() if about in each.subjects])
            return self.leaf(field, self.dice.choice(field.operators))
        if roll < 0.75:
            return {"not": self.node(about, depth + 1)}
        return {self.dice.choice(("all", "any")): [self.node(about, depth + 1) for _ in range(self.dice.randint(1, 3))]}

    def count(self) -> dict[str, Any]:
        key = self.dice.choice(tuple(COUNTABLE))
        op = self.dice.choice(COUNTABLE[key].field.operators)
        value = (
            sorted((self.dice.randint(0, 3), self.dice.randint(0, 3))) if op == "between" else self.dice.randint(0, 3)
        )
        unit = self.dice.choice(("business_days", "days", "weeks", "hours"))
        return {"count": key, "within_last": {unit: self.dice.choice((1, 3, 8))}, "op": op, "value": value}

    def leaf(self, field: Field, op: str) -> dict[str, Any]:
        leaf = {"field": field.key, "op": op}
        return leaf if op in readers.VALUELESS else {**leaf, "value": self.value(field, op)}

    def value(self, field: Field, op: str) -> Any:
        dice = self.dice
        if op in ("in", "not_in", "any_of", "none_of"):
            options = self._options(field)
            return dice.sample(options, dice.randint(1, min(2, len(options))))
        if field.kind in (Kind.CHOICE, Kind.CODE, Kind.LEVEL):
            return dice.choice(self._options(field))
        if field.kind is Kind.MONEY:
            return self._money(op)
        others = [key for key, ops in field.than.items() if op in ops]
        if others and dice.random() < 0.5:
            return {"field": dice.choice(others), "plus": dice.randint(0, 8)}
        if field.kind is Kind.NUMBER:
            return sorted((dice.randint(0, 4), dice.randint(0, 4))) if op == "between" else dice.randint(0, 4)
        if field.kind is Kind.SHARE:
            return self._share(op)
        if field.kind is Kind.TEXT:
            return dice.choice(("PO-7", "po", "7", "4711"))
        if op in ("before", "after"):
            return str(self.day())
        units = ["business_days", "days", "weeks"] + ["hours"] * (field.kind is Kind.INSTANT)
        return {dice.choice(units): dice.choice((1, 2, 3, 5, 8))}

    def _options(self, field: Field) -> list[str]:
        if field.kind is Kind.KEYS:
            return list(MARKS if field.key.endswith(".tags") else GROUPS)
        return (
            list(field.words) or {"customer.country": ["DE", "GB", "FR"], "customer.language": ["en", "de"]}[field.key]
        )

    def _share(self, op: str) -> Any:
        few = sorted(round(self.dice.random(), 2) for _ in range(2))
        return few if op == "between" else few[0]

    def _money(self, op: str) -> Any:
        few = self.dice.sample(CURRENCIES, 2)
        if op == "between":
            low, high = sorted(self.dice.randint(0, 3000) for _ in range(2))
            return [{"amount": str(each), "currency": few[0]} for each in (low, high)]
        some = [{"amount": str(self.dice.randint(0, 3000)), "currency": each} for each in few]
        return some if self.dice.random() < 0.3 else some[0]


assert set(GRADES) == set(REGISTRY["invoice.evidence_level"].words)
