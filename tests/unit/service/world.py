"""Everything that the API can name, once in a client: the probes ask for it with its own ids and with another's."""

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import count
from uuid import UUID

from joserfc.jwk import ECKey

from tenants import store
from tenants.adapters.documents import MemoryStore
from tenants.cash import deciding, matching, queue
from tenants.collections import alerts, holds, policies, tasks
from tenants.collections.alerts import NewAlert
from tenants.collections.tasks import NewTask
from tenants.delivery import queueing, wordings
from tenants.delivery.wordings import Place
from tenants.directory import access_grants, api_clients, assignments, clients, memberships, openings, people
from tenants.directory.api_clients import Wanted
from tenants.insight import views
from tenants.intake import bank_lines, imports
from tenants.intake.formats.statement import Entry, Statement
from tenants.isolation import scope
from tenants.ledger import debtors, due_dates, forgoing, invoices, periods, refunds
from tenants.rules import approvals, backtesting, ladders, publishing, recipes, rule_book, running
from tenants.rules.approvals import Question
from tenants.values import ids
from tenants.values.money import Money
from tenants.work import unit_of_work
from tests.factories import a_contact, a_credit_note, a_debtor, a_payment, an_allocation, an_invoice
from tests.unit.service import world_of_ends as ends
from tests.unit.service import world_of_sending as sending
from tests.unit.service.world_of_rows import DEAD, DELIVERED, DOCUMENT, PAPER

LEDGER = b"""Customer number;Customer name;Invoice number;Invoice date;Due date;Amount;Currency
K-1;Kestrel Tiles;%(mark)s-1;2026-10-01;2026-10-31;120.50;%(currency)s
K-2;Lark Paints;%(mark)s-2;2026-10-02;2026-11-01;80.00;%(currency)s
"""
FAULTY = LEDGER + b"K-3;Moss Glass;%(mark)s-3;2026-13-45;2026-11-01;x;%(currency)s\n"
CENTS = count(1_000_001)
RULE = "unopened-key-account"


@dataclass
class World:
    """One client with one of each thing; what a change uses up is made anew for each change."""

    tenant: UUID
    now: datetime
    today: date
    documents: MemoryStore
    currency: str
    slug: str = ""
    at: dict[str, UUID] = field(default_factory=dict)

    def make(self) -> "World":
        """Make one of each, in one unit of work."""
        with self.books():
            return self._make()

    def _make(self) -> "World":
        self.slug = self.profile().slug
        debtor = a_debtor(self.tenant, groups=["key"])
        invoice = an_invoice(self.tenant, debtor, late=12, currency=self.currency)
        payment = a_payment(self.tenant, debtor, amount=30_00, currency=self.currency, parts=[(invoice, 10_00)])
        self.at |= {
            "deb": debtor,
            "con": a_contact(self.tenant, debtor),
            "inv": invoice,
            "pay": payment,
            "crn": a_credit_note(self.tenant, debtor, currency=self.currency),
        }
        with self.books():
            queueing.queue_invoices(now=self.now, today=self.today, real=self.now, invoice_ids=[invoice])
            one = "SELECT id FROM {} WHERE tenant_id = :tenant"
            self.at["msg"] = store.run(one.format("message")).scalar_one()
            self.at["all"] = store.run(one.format("allocation")).scalar_one()
            rule_book.install(RULE, now=self.now)
        self.at |= {"ten": self.tenant, "mem": self.member(), "agr": self.asked_access(), "per": self.colleague()}
        self.at |= {"alt": self.alert(), "tsk": self.task(), "hld": self.hold(), "wrk": self.dead_letter()}
        self.at["imp"] = self.checked_import(FAULTY)
        self.at |= {"cmt": self.cash_line(), "fgr": self.forgo_request(), "viw": self.view(), "api": self.api_client()}
        self.at |= {"apr": self.approval(), "bkt": self.backtest()}
        self.at |= {"sup": sending.entry(self), "prb": sending.batch(self), "sdm": sending.domain(self)}
        self.at |= sending.mail(self) | {"cls": ends.asked(self)}
        return self

    def books(self):
        """A unit of work in the client's books; within an open one of theirs, that one."""
        if scope.is_open():
            assert scope.current().write == self.tenant, "the open unit of work is another client's"
            return nullcontext()
        return unit_of_work(scope.tenant(self.tenant, actor="world"))

    def profile(self):
        with self.books():
            return clients.profile()

    def invoice(self) -> UUID:
        return an_invoice(self.tenant, self.at["deb"], currency=self.currency)

    def payment(self) -> UUID:
        return a_payment(self.tenant, self.at["deb"], currency=self.currency)

    def credit_note(self) -> UUID:
        return a_credit_note(self.tenant, self.at["deb"], currency=self.currency)

    def allocation(self) -> UUID:
        return an_allocation(self.tenant, self.payment(), self.invoice(), amount=5_00)

    def refund(self) -> UUID:
        payment = self.payment()
        with self.books():
            return refunds.refund(payment, minor=5_00, effective_on=self.today, now=self.now, reason="Paid twice")

    def agreed_invoice(self) -> UUID:
        invoice, later = self.invoice(), self.today + timedelta(days=30)
        with self.books():
            due_dates.extend(invoice, due_on=later, effective_on=self.today, now=self.now, reason="A flood")
        return invoice

    def closable_day(self) -> str:
        """A day long past that is not closed yet; each call gives a later one."""
        with self.books():
            through = periods.closed_through() or date(2019, 12, 31)
        return (through + timedelta(days=1)).isoformat()

    def closed_day(self) -> str:
        day = self.closable_day()
        with self.books():
            periods.close(date.fromisoformat(day), now=self.now)
        return day

    def member(self, role: str = "client_viewer", side: str = "client") -> UUID:
        """Somebody who may act here."""
        address = f"m.{str(ids.new())[-12:]}@people.test"
        with self.books():
            if side == "provider":
                people.add(address, name="Mina", side=side, now=self.now)
            return assignments.give(address, name="Mina", role=role, side=side, now=self.now)

    def colleague(self) -> UUID:
        """Somebody of the provider who works here."""
        person = ids.new()
        with self.books():
            memberships.give(person, name="Ciara", email=f"c.{person}@people.test", role="specialist", now=self.now)
        return person

    def staff_address(self) -> str:
        """The address of somebody of the provider who has no client yet."""
        address = f"s.{str(ids.new())[-12:]}@people.test"
        with self.books():
            people.add(address, name="Stella", side="provider", now=self.now)
        return address

    def untouched_client(self) -> UUID:
        """A client whose first admin was invited and has not come in."""
        with unit_of_work(scope.tenant(ids.new(), actor="world")):
            return openings.begin(
                f"u-{str(ids.new())[-12:]}",
                legal_name="Untouched",
                base_currency=self.currency,
                time_zone="UTC",
                country="DE",
                admin_email=f"u.{str(ids.new())[-12:]}@people.test",
                now=self.now,
            ).id

    def newcomer(self) -> UUID:
        """Somebody of the provider who was just invited."""
        with self.books():
            return people.add(f"n.{str(ids.new())[-12:]}@people.test", name="Nia", side="provider", now=self.now)

    def asked_access(self) -> UUID:
        """Somebody of the provider asks to enter."""
        with self.books():
            return access_grants.ask(
                ids.new(), name="Paula", email="paula@people.test", reason="A customer called us", now=self.now
            )

    def granted_access(self) -> UUID:
        """Somebody of the provider was let in."""
        asked = self.asked_access()
        with self.books():
            access_grants.decide(asked, allow=True, by=ids.new(), by_name="Marek", now=self.now)
        return asked

    def alert(self) -> UUID:
        with self.books():
            draft = NewAlert(f"test:{ids.new()}", "Not opened", "Nobody opened it", "rule:x", invoice_id=self.at["inv"])
            return alerts.raise_many([draft], now=self.now)[0]

    def task(self) -> UUID:
        with self.books():
            draft = NewTask(f"test:{ids.new()}", "call", "Call them", "It is late", invoice_id=self.at["inv"])
            return tasks.raise_many([draft], now=self.now, today=self.today)[0]

    def hold(self) -> UUID:
        with self.books():
            ends = self.today + timedelta(days=7)
            return holds.open(
                "pause", debtor_id=self.at["deb"], starts_on=self.today, ends_on=ends, now=self.now, reason="They asked"
            )

    def view(self) -> UUID:
        """A view of the dashboard that somebody shares."""
        with self.books():
            return views.save(
                "Late ones", person_id=ids.new(), page="dashboard", asked={"by": "country"}, shared=True, now=self.now
            )

    def dead_letter(self) -> UUID:
        item = ids.new()
        with self.books():
            store.run(DEAD, id=item, key=str(item), payload=json.dumps({"n": 1}), now=self.now)
        return item

    def api_client(self, method: str = "private_key_jwt") -> UUID:
        keys = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
        with self.books():
            clients.change(shared_secrets=True)
            wanted = Wanted("ERP", "machine", method, ("ledger.read",), keys if method == "private_key_jwt" else None)
            return api_clients.register(wanted, now=self.now)[0]

    def ledger_file(self, text: bytes = LEDGER) -> bytes:
        mark = ids.show("x1", ids.new())[-8:].upper()
        return text.replace(b"%(mark)s", mark.encode()).replace(b"%(currency)s", self.currency.encode())

    def received_import(self, text: bytes = LEDGER) -> UUID:
        with self.books():
            file = BytesIO(self.ledger_file(text))
            return imports.receive(
                file, name="ledger.csv", source="world", actor="world", now=self.now, files=self.documents
            ).id

    def checked_import(self, text: bytes = LEDGER) -> UUID:
        received = self.received_import(text)
        with self.books():
            imports.check(received, files=self.documents)
        return received

    def loaded_import(self) -> UUID:
        checked = self.checked_import()
        with self.books():
            imports.load(checked, now=self.now, today=self.today, leave_out_faults=True)
        return checked

    def forgo_request(self) -> UUID:
        """A write-off that a colleague wants and may not do alone."""
        invoice = an_invoice(self.tenant, self.at["deb"], amount=1000, currency=self.currency)
        with self.books():
            forgoing.set_limits({"specialist": 0}, now=self.now)
            asked = forgoing.forgo(
                invoice,
                kind=forgoing.WRITE_OFF,
                minor=500,
                roles=("specialist",),
                effective_on=self.today,
                now=self.now,
                today=self.today,
                reason="Small",
            )
            forgoing.set_limits({}, now=self.now)
        return asked.id

    def cash_line(self, act: str = "") -> UUID:
        """A credit that fits two invoices of the customer, so that a person must look; or one that was looked at."""
        minor = next(CENTS)
        for _ in range(2):
            an_invoice(self.tenant, self.at["deb"], amount=minor, currency=self.currency)
        with self.books():
            debtor = debtors.card(self.at["deb"])
            entry = Entry(1, "A", self.currency, Decimal(minor) / 100, self.today, self.today, party=debtor.name)
            bank_lines.stage(self.at["imp"], said=Statement("camt.053", [entry]))
            bank_lines.load(self.at["imp"], now=self.now)
            bank_lines.clear(self.at["imp"])
            matching.work(now=self.now, today=self.today, wall=self.now)
            (found,) = [line.id for line in queue.waiting(limit=500) if line.amount_minor == minor]
            if act == "park":
                deciding.park(found, now=self.now, note="Asked them")
            elif act == "accept":
                deciding.accept(found, now=self.now)
        return found

    def worth(self, line: UUID) -> dict[str, str]:
        """The amount of a line of the queue, as the API writes it."""
        with self.books():
            found = queue.one(line)
        return {"amount": Money(found.amount_minor, found.currency).as_text(), "currency": found.currency}

    def tie_paper(self) -> None:
        """The invoice came on what was imported last."""
        with self.books():
            store.run(PAPER, invoice_id=self.at["inv"], import_id=self.at["imp"], debtor_id=self.at["deb"])

    def bank_statement(self) -> None:
        """One more line of a bank account."""
        with self.books():
            said = Statement(
                "camt.053", [Entry(1, "A", self.currency, Decimal(5), self.today, self.today, bank_ref=str(ids.new()))]
            )
            bank_lines.stage(self.at["imp"], said=said)
            bank_lines.load(self.at["imp"], now=self.now)
            bank_lines.clear(self.at["imp"])

    def draft_rule(self) -> str:
        """A rule of its own key that nobody has published."""
        key = f"tried-{str(ids.new())[-12:]}"
        with self.books():
            rule_book.save(recipes.find(RULE) | {"key": key}, now=self.now)
            publishing.try_out(key, now=self.now, real=self.now)
        return key

    def frozen_rule(self) -> str:
        """A rule that wanted far too much."""
        key = self.draft_rule()
        with self.books():
            store.run("UPDATE rule SET frozen_count = 99 WHERE tenant_id = :tenant AND key = :key", key=key)
        return key

    def approval(self, role: str = "client finance lead") -> UUID:
        """A question that a rule asks somebody of the client."""
        with self.books():
            asking = rule_book.find(RULE).id
            why, until = "Too long unpaid.", self.today + timedelta(days=5)
            asked = Question(asking, 1, 1, "/then/0", ids.new(), self.at["deb"], None, "Write", why, role, until)
            return approvals.ask([asked], rule_key=RULE, now=self.now, today=self.today)[0]

    def backtest(self) -> UUID:
        """A backtest that nobody has worked on."""
        with self.books():
            kept, day = rule_book.find(RULE), timedelta(days=1)
            span = {"from_on": self.today - 9 * day, "to_on": self.today - day, "today": self.today}
            return backtesting.ask(kept.document, now=self.now, real=self.now, rule_id=kept.id, **span)

    def wording(self, source: str) -> int:
        """Words that somebody else has kept."""
        with self.books():
            return wordings.keep(Place("First reminder", "en"), source, now=self.now)

    def ladder(self) -> str:
        """A ladder that nobody has published."""
        with self.books():
            ladders.keep(ladders.STANDARD, now=self.now)
        return "standard"

    def sayable_invoice(self) -> UUID:
        """An invoice of a client of which all is known that EN 16931 asks for."""
        with self.books():
            clients.change(tax_number="DE123456789")
        return self.at["inv"]

    def einvoice_answer(self) -> bytes:
        """What the network gives back when the customer accepts the invoice."""
        with self.books():
            number = invoices.card(self.at["inv"]).number
        space = "urn:oasis:names:specification:ubl:schema:xsd:"
        return f"""<ApplicationResponse xmlns="{space}ApplicationResponse-2"
          xmlns:cac="{space}CommonAggregateComponents-2" xmlns:cbc="{space}CommonBasicComponents-2">
          <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:invoice_response:3</cbc:CustomizationID><cbc:ID>R</cbc:ID>
          <cac:DocumentResponse><cac:Response><cbc:ResponseCode>AP</cbc:ResponseCode></cac:Response>
          <cac:DocumentReference><cbc:ID>{number}</cbc:ID></cac:DocumentReference></cac:DocumentResponse>
        </ApplicationResponse>""".encode()

    def waiting_message(self) -> UUID:
        """A message that waits for its hour, at a client where people may overrule that."""
        with self.books():
            policies.change({"overrides": True}, now=self.now, reason="as agreed")
            sql = (
                "UPDATE message SET state = 'queued', held_reason = 'quiet_hours'"
                " WHERE tenant_id = :tenant AND id = :id"
            )
            store.run(sql, id=self.at["msg"])
        return self.at["msg"]

    def snoozed_task(self) -> UUID:
        task = self.task()
        with self.books():
            tasks.snooze(task, until=self.today + timedelta(days=3), now=self.now, today=self.today)
        return task

    def keep_document(self, key: str) -> None:
        with self.books():
            store.run(
                DOCUMENT, id=ids.new(), debtor_id=self.at["deb"], invoice_id=self.at["inv"], key=key, now=self.now
            )

    def acted_on(self) -> UUID:
        """An invoice on which the rule has acted: a key account's, big, delivered long ago, never seen, not held."""
        debtor = a_debtor(self.tenant, groups=["key"])
        invoice = an_invoice(self.tenant, debtor, amount=2_000_00, currency=self.currency)
        with self.books():
            store.run(DELIVERED, id=invoice, at=self.now - timedelta(days=10))
            running.run(rule_book.find(RULE).id, occurrence=str(invoice), now=self.now, real=self.now)
        return invoice
