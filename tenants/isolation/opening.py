"""Decides how a transaction opens: BEGIN, then the scope, then at most one statement that the whole unit stands or
falls with.

The three go to PostgreSQL in one round trip, straight through the driver's protocol layer: short units are many, and
for them the way
there and back costs more than the work. The scope stays a message of its own, first in its transaction, as a cluster
wants it.
"""

import contextlib
import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from tenants.isolation.scope import Scope

ENTER = "SELECT gt.enter($1::uuid[], $2::uuid, $3::uuid)"
ENTER_NAME = b"gt_enter"
ON_DISK, ON_DISK_NAME = "SET LOCAL synchronous_commit TO on", b"gt_on_disk"
GOOD = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.PIPELINE_SYNC})
Answer = list[str | None]


@dataclass(frozen=True, slots=True)
class First:
    """A prepared statement whose $1 is the tenant; `values` are the rest, as PostgreSQL writes them."""

    name: str
    sql: str
    values: Sequence[str | None] = ()
    on_disk: bool = False
    """The unit's commit waits until it is on disk, whatever its process is used to (see `make_shell`): something
    happens outside beside it, and no intent and no answer of that may be forgotten."""


def enter(line: psycopg.Connection[Any], opening: Scope) -> None:
    """Open a transaction in this scope."""
    _send(line, [(ENTER_NAME, ENTER, _words(opening))])


def enter_with(line: psycopg.Connection[Any], opening: Scope, first: First) -> Answer | None:
    """Open a transaction in this scope and run its first statement; return the one row that it answered, as text, or
    None."""
    told = (first.name.encode(), first.sql, [str(opening.one), *first.values])
    begun: list[tuple[bytes, str, Sequence[str | None]]] = [(ENTER_NAME, ENTER, _words(opening))]
    if first.on_disk:
        begun.append((ON_DISK_NAME, ON_DISK, ()))
    return _send(line, [*begun, told])


def ask(line: psycopg.Connection[Any], question: First) -> str | None:
    """Ask one question that changes nothing and needs no scope, in no transaction; return its one value, as text."""
    try:
        result = _asked(line, question)
    except psycopg.errors.InvalidSqlStatementName:
        line.__dict__["gt_prepared"] = set()
        result = _asked(line, question)
    return _decoded(result.get_value(0, 0)) if result.ntuples else None


def _asked(line: psycopg.Connection[Any], question: First) -> pq.abc.PGresult:
    name, wire = question.name.encode(), line.pgconn
    _prepare(line, [(name, question.sql, question.values)])
    wire.send_query_prepared(name, [None if value is None else value.encode() for value in question.values])
    result = _next(wire)
    if result is None:
        raise psycopg.OperationalError("the line broke while a question was asked")
    _next(wire)
    _check(line, result)
    return result


def rows(line: psycopg.Connection[Any], sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Ask for many rows, with $1 and so on for the values, in a transaction that `enter_with` has just opened; their
    columns' names, and they as the driver reads them.

    Only there: what has been said on the line since may have made the driver forget all prepared statements.
    """
    adapter = Transformer(line)
    words = adapter.dump_sequence(values, [PyFormat.TEXT] * len(values))
    known = line.__dict__.setdefault("gt_lists", {})
    name = known.setdefault((sql, adapter.types), b"gt_list_%d" % len(known))
    prepared: set[bytes] = line.__dict__.setdefault("gt_prepared", set())
    if name not in prepared:
        with contextlib.suppress(psycopg.errors.DuplicatePreparedStatement):
            _check(line, line.pgconn.prepare(name, sql.encode(), adapter.types))
        prepared.add(name)
    wire = line.pgconn
    wire.send_query_prepared(name, words)
    result = _next(wire)
    if result is None:
        raise psycopg.OperationalError("the line broke while rows were asked for")
    _next(wire)
    _check(line, result)
    if not result.nfields:
        raise TypeError("this statement answers no rows")
    adapter.set_pgresult(result)
    names = [(result.fname(at) or b"").decode() for at in range(result.nfields)]
    return names, adapter.load_rows(0, result.ntuples, tuple)


def end(line: psycopg.Connection[Any]) -> None:
    """Commit a transaction that nothing else knows of."""
    _check(line, line.pgconn.exec_(b"COMMIT"))


def _words(opening: Scope) -> list[str | None]:
    read = "{" + ",".join(map(str, opening.read)) + "}"
    return [read, _text(opening.write), _text(opening.debtor)]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _send(
    line: psycopg.Connection[Any], statements: Sequence[tuple[bytes, str, Sequence[str | None]]]
) -> Answer | None:
    """Send BEGIN and the statements together and return the row of the last; each is prepared once for the line."""
    _prepare(line, statements)
    try:
        return _answer(line, statements)
    except psycopg.errors.InvalidSqlStatementName:
        # After some rollbacks the driver deallocates all prepared statements of a line, ours among them.
        _check(line, line.pgconn.exec_(b"ROLLBACK"))
        line.__dict__["gt_prepared"] = set()
        _prepare(line, statements)
        return _answer(line, statements)


def _prepare(line: psycopg.Connection[Any], statements: Sequence[tuple[bytes, str, Sequence[str | None]]]) -> None:
    known: set[bytes] = line.__dict__.setdefault("gt_prepared", set())
    for name, sql, _ in statements:
        if name not in known:
            # Of statements that were forgotten together, one may have been prepared anew already: then it is there.
            with contextlib.suppress(psycopg.errors.DuplicatePreparedStatement):
                _check(line, line.pgconn.prepare(name, sql.encode()))
            known.add(name)


def _answer(
    line: psycopg.Connection[Any], statements: Sequence[tuple[bytes, str, Sequence[str | None]]]
) -> Answer | None:
    wire, row, fault = line.pgconn, None, None
    wire.enter_pipeline_mode()
    wire.send_query_params(b"BEGIN", None)
    for name, _, values in statements:
        wire.send_query_prepared(name, [None if value is None else value.encode() for value in values])
    wire.pipeline_sync()
    for _ in range(len(statements) + 2):
        result = _next(wire)
        if result is None:
            raise psycopg.OperationalError("the line broke while a transaction was opened")
        if result.status not in GOOD:
            fault = fault or result
        elif result.status == pq.ExecStatus.TUPLES_OK:
            row = [_decoded(result.get_value(0, n)) for n in range(result.nfields)] if result.ntuples else None
        if result.status != pq.ExecStatus.PIPELINE_SYNC:
            _next(wire)
    wire.exit_pipeline_mode()
    if fault is not None:
        _check(line, fault)
    return row


def _next(wire: pq.abc.PGconn) -> pq.abc.PGresult | None:
    """The next result. The driver keeps the interpreter's lock while it waits for one, so we wait ourselves, without
    it: the statement may be waiting for a row that another thread of this process holds and has yet to let go."""
    ear = select.poll()
    while wire.flush():
        ear.register(wire.socket, select.POLLOUT | select.POLLIN)
        ear.poll()
        wire.consume_input()
    while wire.is_busy():
        ear.register(wire.socket, select.POLLIN)
        ear.poll()
        wire.consume_input()
    return wire.get_result()


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _check(line: psycopg.Connection[Any], result: pq.abc.PGresult) -> None:
    if result.status in GOOD:
        return
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    message = result.get_error_message()
    try:
        kind = psycopg.errors.lookup(state)
    except KeyError:
        kind = psycopg.OperationalError
    raise kind(message)
