"""`bench match`: a statement of n credits against five times as many open invoices, with the right answers known.

`match.lines`: credits looked at, proposed and, where nobody need look, booked and applied, as the job does it; per
second, against the promised rate. `match.precision` and `match.recall`: of what was applied without a person, how much
is right to the last minor unit; and how much of what has a right answer was applied so. The truth is generated with
damage (see `_truth`); the answers are never shown to the program.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

from bench import _stage, _truth
from bench.line import line, show
from tenants import store
from tenants.cash import matching
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.bones import bones
from tenants.work import unit_of_work

RATE, PRECISION, RECALL = 400.0, 0.995, 0.80
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ITEMS_PER_LINE = 5
DEBTOR = ("tenant_id", "id", "number", "name", "known_at")
INVOICE = (
    *("tenant_id", "id", "debtor_id", "number", "currency", "amount_minor", "issued_on", "due_on", "open_minor"),
    "known_at",
    "bones",
)
LINE = (
    *("tenant_id", "id", "import_id", "line_key", "account", "currency", "amount_minor", "booked_on", "valued_on"),
    *("party", "words", "reference", "known_at"),
)
RUN = ("tenant_id", "id", "source", "file_name", "file_sha256", "file_key", "bytes", "state", "actor", "received_at")
ADVICE = ("tenant_id", "id", "import_id", "number", "currency", "amount_minor", "paid_on", "payer", "known_at")
ADVICE_LINE = ("tenant_id", "remittance_id", "position", "invoice_number", "amount_minor")
BALANCES = """
INSERT INTO app.open_balance (tenant_id, currency, due_on, open_minor, open_count)
SELECT tenant_id, currency, due_on, sum(open_minor), count(*) FROM app.invoice WHERE tenant_id = %s GROUP BY 1, 2, 3
"""
ANSWERS = """
SELECT m.bank_line_id, p.invoice_id, p.amount_minor FROM cash_match m
LEFT JOIN cash_part p ON p.tenant_id = :tenant AND p.match_id = m.id
WHERE m.tenant_id = :tenant AND m.state = 'applied'
"""


def set_up(stage: _stage.Stage, world: _truth.World, *, tenant: UUID) -> tuple[list[UUID], list[UUID]]:
    """Put books and statement into the database; the ids of the invoices and of the lines."""
    debtors = [ids.new() for _ in world.names]
    invoices, lines = [ids.new() for _ in world.debts], [ids.new() for _ in world.credits]
    run = ids.new()
    with psycopg.connect(stage.admin_url) as admin:
        _copy(admin, "debtor", DEBTOR, ((tenant, d, f"C-{at}", world.names[at], NOW) for at, d in enumerate(debtors)))
        _copy(
            admin,
            "invoice",
            INVOICE,
            (
                (
                    tenant,
                    invoices[d.at],
                    debtors[d.debtor],
                    d.number,
                    "EUR",
                    d.minor,
                    d.issued_on,
                    d.due_on,
                    d.minor,
                    NOW,
                    bones(d.number),
                )
                for d in world.debts
            ),
        )
        _copy(admin, "import_run", RUN, [(tenant, run, "bench", "bench", "", "", 0, "loaded", "bench", NOW)])
        _copy(
            admin,
            "bank_line",
            LINE,
            (
                (
                    *(tenant, lines[at], run, str(at), "DE02", "EUR", c.minor, c.booked_on, c.booked_on),
                    *(c.party, c.words, c.reference, NOW),
                )
                for at, c in enumerate(world.credits)
            ),
        )
        _advices(admin, world, tenant=tenant, run=run)
        admin.execute(BALANCES, (tenant,))
        admin.commit()
        admin.autocommit = True
        admin.execute("VACUUM ANALYZE app.invoice, app.debtor, app.bank_line, app.remittance, app.remittance_line")
    return invoices, lines


def _advices(admin: psycopg.Connection[Any], world: _truth.World, *, tenant: UUID, run: UUID) -> None:
    told = [(ids.new(), credit) for credit in world.credits if credit.advice]
    _copy(
        admin,
        "remittance",
        ADVICE,
        ((tenant, at, run, c.advice, "EUR", c.minor, c.booked_on, str(at), NOW) for at, c in told),
    )
    _copy(
        admin,
        "remittance_line",
        ADVICE_LINE,
        (
            (tenant, at, place, world.debts[debt].number, minor)
            for at, credit in told
            for place, (debt, minor) in enumerate(sorted(credit.truth), 1)
        ),
    )


def _copy(admin: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Any) -> None:
    with admin.cursor().copy(f"COPY app.{table} ({', '.join(columns)}) FROM STDIN") as sink:
        for row in rows:
            sink.write_row(row)


def work_off(tenant: UUID) -> float:
    """Ours: every waiting credit, a unit of work for each batch, as the job does it."""
    start, after = time.perf_counter(), matching.START
    while True:
        with unit_of_work(scope.tenant(tenant, actor="bench")):
            done = matching.work(now=NOW, today=_truth.TODAY, after=after)
        if done.after is None:
            return time.perf_counter() - start
        after = done.after


def judged(world: _truth.World, *, tenant: UUID, invoices: list[UUID], lines: list[UUID]) -> dict[str, Counter[str]]:
    """By kind of credit: how many there are, how many were applied alone, how many of those are right."""
    place = {invoice: at for at, invoice in enumerate(invoices)}
    answers: dict[UUID, set[tuple[int, int]]] = {}
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        for line_id, invoice_id, minor in store.run(ANSWERS):
            answers.setdefault(line_id, set()).add((place.get(invoice_id, -1), minor))
    found: dict[str, Counter[str]] = {}
    for line_id, credit in zip(lines, world.credits, strict=True):
        counted = found.setdefault(credit.kind, Counter())
        counted["all"] += 1
        if line_id in answers:
            counted["alone"] += 1
            counted["right"] += answers[line_id] == credit.truth
    return found


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench match")
    words.add_argument("--n", type=int, default=20_000, help="credits; there are five times as many open invoices")
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--seed", type=int, default=2026)
    given = words.parse_args(argv)
    seconds: list[float] = []
    total: dict[str, Counter[str]] = {}
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        for at in range(given.rounds):
            world = _truth.make(debts=given.n * ITEMS_PER_LINE, credits=given.n, seed=given.seed + at)
            tenant = stage.open_client(f"match-{at}")
            invoices, lines = set_up(stage, world, tenant=tenant)
            seconds.append(work_off(tenant))
            for kind, counted in judged(world, tenant=tenant, invoices=invoices, lines=lines).items():
                total.setdefault(kind, Counter()).update(counted)
            print(f"round {at + 1}: {given.n / seconds[-1]:.0f} lines/s", file=sys.stderr, flush=True)
    print(json.dumps({kind: dict(counted) for kind, counted in sorted(total.items())}), file=sys.stderr)
    return show(_lines(total, n=given.n, seconds=statistics.median(seconds)))


def _lines(total: dict[str, Counter[str]], *, n: int, seconds: float) -> list[dict[str, Any]]:
    alone = sum(counted["alone"] for counted in total.values())
    right = sum(counted["right"] for counted in total.values())
    payable = sum(counted["all"] for kind, counted in total.items() if kind != "noise")
    precision, recall = right / max(alone, 1), right / max(payable, 1)
    return [
        line("match.lines", n=n, seconds=seconds, rate=n / seconds, floor=RATE, target=1.0),
        _share("match.precision", n=alone, seconds=seconds, share=precision, target=PRECISION),
        _share("match.recall", n=payable, seconds=seconds, share=recall, target=RECALL),
    ]


def _share(name: str, *, n: int, seconds: float, share: float, target: float) -> dict[str, Any]:
    """A share instead of a rate: the floor is the whole."""
    told = line(name, n=n, seconds=seconds, rate=share, floor=1.0, target=target, passed=share >= target)
    return told | {"rate": round(share, 5), "ratio": round(share, 5)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
