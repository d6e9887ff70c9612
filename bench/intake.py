"""`bench intake`: check and load a ledger file against a bare COPY of the same rows into the same tables.

The floor is what PostgreSQL alone needs: a superuser, past row security, copies the finished rows (debtors, groups,
contacts, invoices, lines, payments, allocations, balances) into the same tables with the same indexes and keys. Ours
starts from the CSV file: detect, check row by row, stage, and load set by set behind the wall. Both commit.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

from bench import _stage
from bench.line import line, show
from tenants.intake import imports
from tenants.intake.ports import FileStore
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.work import unit_of_work

TABLES = ("debtor", "debtor_group", "contact", "invoice", "invoice_line", "payment", "allocation", "open_balance")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = (
    *("Customer ID", "Customer name", "Email", "Country", "Region", "Invoice number", "Invoice date", "Due date"),
    *("Amount", "Tax", "Currency", "PO number", "Paid on"),
)
COLUMNS_OF = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
  AND attgenerated = '' ORDER BY attnum
"""
GROWTH_MB = 30
SMALL = 20_000


def write_ledger(path: Path, *, rows: int, batch: int) -> None:
    """A believable ledger: one debtor for 25 invoices, two thirds paid, dates as an American writes them."""
    with path.open("w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(HEADER)
        debtors = rows // 25 + 1
        for at in range(rows):
            debtor = at * 7919 % debtors
            issued = TODAY - timedelta(days=at * 31 % 700)
            amount = 500 + at * 7_457 % 900_000
            paid = issued + timedelta(days=20 + at % 35) if at % 3 else None
            sheet.writerow(
                (
                    *(
                        f"{batch}-{debtor:06}",
                        f"Customer {debtor} of batch {batch}",
                        f"bills{debtor}@customer{batch}.test",
                    ),
                    *(
                        ("DE", "FR", "GB", "US")[debtor % 4],
                        f"region {debtor % 9}",
                        f"{batch}{at:09}",
                        _american(issued),
                    ),
                    *(_american(issued + timedelta(days=30)), f"{amount / 100:.2f}", f"{amount * 19 // 119 / 100:.2f}"),
                    *("EUR", f"PO-{at % 1000}", _american(paid) if paid and paid <= TODAY else ""),
                )
            )


def check_and_load(path: Path, *, tenant: UUID, files: FileStore) -> float:
    """Ours: two units of work, as the jobs do it."""

    def work() -> AbstractContextManager[Scope]:
        return unit_of_work(scope.tenant(tenant, actor="bench"))

    with work(), path.open("rb") as file:
        run = imports.receive(file, name=path.name, source="bench", actor="bench", now=NOW, files=files)
    start = time.perf_counter()
    with work():
        report = imports.check(run.id, files=files)
    with work():
        outcome = imports.load(run.id, now=NOW, today=TODAY)
    seconds = time.perf_counter() - start
    assert report.loadable and outcome.added == report.read, (report, outcome)
    return seconds


def bare_copy(admin_url: str, *, model: UUID, tenant: UUID) -> float:
    """The floor: the rows that the model tenant now has, copied for another tenant."""
    with psycopg.connect(admin_url, options="-c search_path=app") as admin:
        bodies = {table: _rows_of(admin, table, model=model, tenant=tenant) for table in TABLES}
    with psycopg.connect(admin_url, options="-c search_path=app") as admin:
        start = time.perf_counter()
        for table, body in bodies.items():
            with admin.cursor().copy(f"COPY {table} FROM STDIN") as sink:
                for block in body:
                    sink.write(block)
        admin.commit()
        return time.perf_counter() - start


def _rows_of(admin: psycopg.Connection, table: str, *, model: UUID, tenant: UUID) -> list[bytes]:
    names = [name for (name,) in admin.execute(COLUMNS_OF, (f"app.{table}",))]
    columns = ", ".join(f"'{tenant}'::uuid" if name == "tenant_id" else f'"{name}"' for name in names)
    with admin.cursor().copy(f"COPY (SELECT {columns} FROM {table} WHERE tenant_id = '{model}') TO STDOUT") as source:
        return [bytes(block) for block in source]


def measure_load(stage: _stage.Stage, *, rows: int, rounds: int) -> dict[str, Any]:
    """Ours and the floor in turns, each for a client of its own; medians."""
    ours, floor = [], []
    for batch in range(rounds):
        path = stage.folder / f"ledger{batch}.csv"
        write_ledger(path, rows=rows, batch=batch + 1)
        tenant, twin = stage.open_client(f"ours-{batch}"), stage.open_client(f"floor-{batch}")
        ours.append(check_and_load(path, tenant=tenant, files=stage.files))
        floor.append(bare_copy(stage.admin_url, model=tenant, tenant=twin))
        print(f"round {batch + 1}: ours {ours[-1]:.1f} s, bare COPY {floor[-1]:.1f} s", file=sys.stderr, flush=True)
    seconds, bare = statistics.median(ours), statistics.median(floor)
    return line("intake.load", n=rows, seconds=seconds, rate=rows / seconds, floor=rows / bare, target=0.20)


def measure_memory(stage: _stage.Stage, *, rows: int) -> dict[str, Any]:
    """How much more memory a large file takes than a small one, each in a process of its own."""
    start = time.perf_counter()
    peaks: list[float] = []
    for count in (SMALL, rows):
        path = stage.folder / f"memory{count}.csv"
        write_ledger(path, rows=count, batch=90 + len(peaks))
        tenant = stage.open_client(f"memory-{len(peaks)}")
        words = [sys.executable, "-m", "bench.intake", "--child", str(path), str(tenant)]
        done = subprocess.run(words, env=os.environ | stage.env, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) / 1024)
    growth = peaks[1] - peaks[0]
    print(f"peaks: {peaks[0]:.0f} MB and {peaks[1]:.0f} MB", file=sys.stderr)
    took, ratio = time.perf_counter() - start, GROWTH_MB / max(growth, 0.1)
    told = line("intake.memory", n=rows, seconds=took, rate=growth, floor=GROWTH_MB, target=1.0, passed=ratio >= 1)
    # Less is better here, so the ratio is the allowance divided by what was taken.
    return told | {"ratio": round(ratio, 3), "unit": "MB of growth"}


def _american(day: date | None) -> str:
    return f"{day.month}/{day.day}/{day.year}" if day else ""


def child(path: str, tenant: str) -> int:
    """Check and load one file and say the highest resident size in kB."""
    with _stage.shell_from_env() as files:
        check_and_load(Path(path), tenant=UUID(tenant), files=files)
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text()
    print(next(words.split()[1] for words in status.splitlines() if words.startswith("VmHWM")))
    return 0


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench intake")
    words.add_argument("--n", type=int, default=200_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = words.parse_args(argv)
    if given.child:
        return child(*given.child)
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        lines = [measure_load(stage, rows=given.n, rounds=given.rounds), measure_memory(stage, rows=given.n)]
    return show(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
