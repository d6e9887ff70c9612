"""Alder's post office in the tests: issues, queues and sends as the jobs do; gate and mail server obey."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import store
from tenants.adapters.documents import FolderStore
from tenants.adapters.mail import MemoryMailer
from tenants.delivery import queueing, sending
from tenants.delivery.channels import Channels
from tenants.delivery.outcome import Result
from tenants.delivery.ports import Answer, Handover, Verdict
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY
from tests.factories import a_contact, a_debtor, an_invoice

DEAD = Answer(Handover.REFUSED, detail="550 5.1.1 User unknown", bounce=True)
SPAM = Answer(Handover.REFUSED, detail="554 5.7.1 looks like spam")
BUSY = Answer(Handover.RETRY, detail="451 later")
NOBODY_KNOWS = Answer(Handover.AMBIGUOUS, detail="the message was sent and no answer came")
GO = Verdict(allowed=True)
POSTAL = "Dune Garden Centres\nDünenweg 1\n26486 Wangerooge"
ALL = Channels(("email", "portal", "sms", "print"), 3, "030 901820", POSTAL)
"""Every way that there is, in the order of a customer of many."""


@dataclass
class Post:
    """One client's post office."""

    tenant: UUID
    settings: Settings
    folder: Path
    now: datetime = NOW
    verdict: Verdict = GO
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.documents = FolderStore(str(self.folder / "documents"))
        self.mailer = MemoryMailer(lambda letter: self.answers.pop(0) if self.answers else _yes(letter))

    def unit(self) -> Any:
        return unit_of_work(scope.tenant(self.tenant, actor="test"))

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def an_invoice(self, *, email: str = "dana@dune.test", name: str = "Dune Garden Centres", **over: Any) -> UUID:
        """An open invoice of a customer of its own with one contact."""
        debtor = a_debtor(self.tenant, name=name)
        if email:
            a_contact(self.tenant, debtor, email=email, name="Dana Reyes")
        return an_invoice(self.tenant, debtor, **{"late": -10} | over)

    def queue(self, **only: Any) -> int:
        with self.unit():
            return queueing.queue_invoices(today=TODAY, now=self.now, real=self.now, **only)

    def a_message(self, **over: Any) -> UUID:
        """A queued message about one new invoice."""
        self.an_invoice(**over)
        self.queue()
        return self.messages("state = 'queued'")[-1]

    def messages(self, where: str = "true") -> list[UUID]:
        return self.ask(f"SELECT id FROM message WHERE tenant_id = :tenant AND {where} ORDER BY queued_at, id")

    def ask(self, sql: str, **values: Any) -> list[Any]:
        """The rows of a question; single columns as plain values."""
        with self.unit():
            rows = store.run(sql, **values).all()
        return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def change(self, sql: str, **values: Any) -> None:
        with self.unit():
            store.run(sql, **values)

    def message(self, message_id: UUID) -> Any:
        with self.unit():
            return store.run("SELECT * FROM message WHERE tenant_id = :tenant AND id = :id", id=message_id).one()

    def invoice_of(self, message_id: UUID) -> Any:
        sql = """SELECT i.* FROM invoice i JOIN message_item x ON x.tenant_id = i.tenant_id AND x.invoice_id = i.id
          WHERE i.tenant_id = :tenant AND x.message_id = :id"""
        with self.unit():
            return store.run(sql, id=message_id).first()

    def work(self, kind: str) -> list[Any]:
        sql = "SELECT payload FROM work_item WHERE tenant_id = :tenant AND kind = :kind ORDER BY recorded_at, id"
        return self.ask(sql, kind=kind)

    def claim(self, message_id: UUID) -> Any:
        return self.claim_by(message_id, provider="memory")

    def claim_by(self, message_id: UUID, *, provider: str) -> Any:
        with self.unit():
            return sending.claim(
                message_id,
                gate=lambda _id, *, now: self.verdict,
                provider=provider,
                now=self.now,
                real=self.now,
                today=TODAY,
            )

    def act(self, mail: Any) -> Result:
        return sending.act(mail, documents_in=self.documents, mailer=self.mailer, settings=self.settings)

    def settle(self, mail: Any, result: Result, *, final: bool = True) -> Any:
        with self.unit():
            return sending.settle(mail, result, now=self.now, real=self.now, final=final)

    def send(self, message_id: UUID, *, final: bool = True) -> Any:
        """All three steps; returns what settling answered."""
        mail = self.claim(message_id)
        return self.settle(mail, self.act(mail), final=final)

    def with_settings(self, **over: Any) -> None:
        self.settings = replace(self.settings, **over)


def _yes(letter: Any) -> Answer:
    return Answer(Handover.ACCEPTED, reference=str(letter.attempt_id))
