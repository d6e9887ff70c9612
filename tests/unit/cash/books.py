"""Statements and books for the tests of cash application."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from tenants import store
from tenants.adapters.documents import MemoryStore
from tenants.cash import matching, queue
from tenants.intake import imports
from tests.factories import a_debtor, an_invoice
from tests.unit.intake import papers_made_up as made


@dataclass(frozen=True)
class Till:
    """One client's bank account."""

    tenant: UUID
    door: Any
    now: datetime
    today: date

    def owes(self, number: str, amount: int, *, by: UUID | None = None, **over: Any) -> UUID:
        """An open invoice, by default of a new customer called Dune Garden."""
        return an_invoice(self.tenant, by or self.debtor(), number=number, amount=amount, **over)

    def debtor(self, name: str = "Dune Garden", **over: Any) -> UUID:
        return a_debtor(self.tenant, name=name, **over)

    def bank(self, *entries: str) -> UUID:
        """A statement of these entries comes in."""
        files = MemoryStore()
        with self.door():
            data = BytesIO(made.camt(*entries))
            run = imports.receive(data, name="bank.xml", source="bank", actor="Vera", now=self.now, files=files)
        with self.door():
            imports.check(run.id, files=files)
            imports.load(run.id, now=self.now, today=self.today)
        return run.id

    def match(self) -> matching.Round:
        """The job, until nothing more waits."""
        with self.door():
            return matching.go_on(key="test", now=self.now, today=self.today, wall=self.now)

    def takes(self, *entries: str) -> matching.Round:
        """Both."""
        self.bank(*entries)
        return self.match()

    def waiting(self, state: str = "waiting") -> Sequence[queue.Line]:
        with self.door():
            return queue.waiting(state)

    def open(self, invoice: UUID) -> int:
        """What is open of an invoice."""
        return int(
            self.asked("SELECT open_minor FROM invoice WHERE tenant_id = :tenant AND id = :id", id=invoice)[0][0]
        )

    def asked(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.door():
            return [tuple(row) for row in store.run(sql, **values)]
