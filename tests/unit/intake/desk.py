"""Files on the desk: what a test of imports needs again and again."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.adapters.documents import MemoryStore
from tenants.intake import imports
from tenants.intake.report import Outcome, Report

HEADER = "Invoice no,Customer no,Customer name,Email,Invoice date,Due date,Amount,VAT,Paid on,Paid amount,Region"
DUNE = "Dune Garden Centres,bills@dune.test"
ELM = "Elm Street Books,desk@elm.test"
OPEN = f"A-1,C-1,{DUNE},2026-10-05,2026-11-04,119.00,19.00,,,north; key accounts"
PAID = f"A-2,C-1,{DUNE},2026-10-06,2026-11-05,50.00,,2026-11-01,,north"
HALF = f"A-3,C-2,{ELM},2026-10-07,2026-11-06,80.00,,2026-11-02,30.00,"
CREDIT = f"A-4,C-2,{ELM},2026-10-08,2026-10-08,-20.00,,,,"
AHEAD = f"A-5,C-2,{ELM},2026-10-09,2026-11-08,60.00,,2026-12-24,,"
LEDGER = (OPEN, PAID, HALF, CREDIT, AHEAD)


@dataclass(frozen=True)
class Desk:
    """Where one client's files are received, checked and loaded."""

    door: Callable[[], Any]
    files: MemoryStore
    now: datetime
    today: date

    def receive(self, *lines: str, source: str = "erp", header: str = HEADER, name: str = "ledger.csv") -> UUID:
        """A file of these lines, received."""
        file = io.BytesIO("\n".join((header, *lines, "")).encode())
        with self.door():
            return imports.receive(file, name=name, source=source, actor="Vera", now=self.now, files=self.files).id

    def check(self, import_id: UUID, **over: Any) -> Report:
        """Its report."""
        with self.door():
            return imports.check(import_id, files=self.files, **over)

    def load(self, import_id: UUID, **over: Any) -> Outcome:
        """What loading it did."""
        with self.door():
            return imports.load(import_id, **{"now": self.now, "today": self.today} | over)

    def take(self, *lines: str, today: date | None = None, **over: Any) -> Outcome:
        """All three steps."""
        import_id = self.receive(*lines, **over)
        self.check(import_id)
        return self.load(import_id, today=today or self.today)

    def asked(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Ask the client's books."""
        with self.door():
            return [tuple(row) for row in store.run(sql, **values)]
