"""The door to PostgreSQL: one session per unit of work, the scope told to the database first, every statement
narrowed.

Two locks hang on this door. PostgreSQL's row policies see the scope that `after_begin` enters; the guard below
narrows every ORM
statement to the scope's tenants and refuses hand-written SQL that does not name its tenant.
"""

import re
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from uuid import UUID

import psycopg
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as SessionOfManyEngines
from psycopg.pq import ConnStatus, TransactionStatus
from sqlalchemy import Connection, CursorResult, Dialect, ForeignKey, MetaData, Text, TextClause, event, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    registry,
    with_loader_criteria,
)

from tenants.isolation import opening as entry
from tenants.isolation import scope
from tenants.values.tables import Table

NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
NAMES_TENANT = re.compile(r":tenants?\b")
ONE_TENANT = re.compile(r":tenant\b")
ALL_TENANTS = re.compile(r":tenants\b")
WALLED = "walled"
SCHEMA = "0018"
"""The newest migration; a process is not ready while the database is at another one."""
AUTH = "auth"


class UnscopedStatement(RuntimeError):
    """Hand-written SQL that does not say whose rows it wants."""


class Locked(RuntimeError):
    """Somebody else holds the row, and holds it longer than we were ready to wait. The transaction is lost."""


class Base(DeclarativeBase):
    """Parent of every model; constraint names follow one pattern so that faults can be mapped by name."""

    registry: ClassVar[registry] = registry(
        type_annotation_map={str: Text(), datetime: TIMESTAMP(timezone=True), dict[str, Any]: JSONB()}
    )
    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
        }
    )


_line: ContextVar[Connection | None] = ContextVar("gt_line", default=None)
_begun: ContextVar[Connection | None] = ContextVar("gt_begun", default=None)
T = TypeVar("T")


class LineSession(SessionOfManyEngines):
    """A session that uses the held line, where one is held, for what would go to the line's own engine."""

    def get_bind(self, *arguments: Any, **words: Any) -> Any:
        """The engine of the thing in question, or the line that is held to it."""
        found, line = super().get_bind(*arguments, **words), _line.get()
        return line if line is not None and found is line.engine else found


db = SQLAlchemy(
    model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False, "class_": LineSession}
)

Rows = CursorResult[*tuple[Any, ...]]

if TYPE_CHECKING:

    class Model(Base):
        """What every model derives from; type checkers do not see through `db.Model`."""

        __abstract__ = True
else:
    Model = db.Model


class TenantOwned:
    """Mixed into every model whose rows belong to one client."""

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, ForeignKey("tenant.id"), primary_key=True, sort_order=-10)


class IdentityOwned:
    """Mixed into models of the identity schema, which only the sign-in role can reach."""

    __bind_key__ = AUTH


@event.listens_for(Session, "after_begin")
def _enter_scope(_session: Session, transaction: Any, connection: Connection) -> None:
    if transaction.nested:  # a savepoint stands in a transaction that has entered already
        return
    if connection.get_execution_options().get(WALLED) and _begun.get() is not connection:
        _on_the_wire(connection, lambda line: entry.enter(line, scope.current()))


def _on_the_wire(connection: Connection, say: Callable[[Any], T]) -> T:
    """Speak with the driver itself; a broken line is reported as any other statement would report it."""
    try:
        return say(connection.connection.driver_connection)
    except psycopg.OperationalError as fault:
        connection.invalidate(fault)
        raise OperationalError("on the wire", None, fault, connection_invalidated=True) from fault


@contextmanager
def held_line() -> Iterator[None]:
    """Keep one connection for all units inside, instead of fetching one from the pool for each."""
    with db.engine.connect() as line:
        token = _line.set(line)
        try:
            yield
        finally:
            _line.reset(token)


@contextmanager
def begun(first: entry.First) -> Iterator[entry.Answer | None]:
    """On the held line, open a transaction in the current scope together with its first statement; undo what is not
    ended.

    A session joins in if the block uses one. Raises LookupError when no line is held.
    """
    line = _held()
    token = _begun.set(line)
    try:
        yield _on_the_wire(line, lambda wire: entry.enter_with(wire, scope.current(), first))
    finally:
        db.session.remove()
        _begun.reset(token)
        _leave(line)


def end_begun() -> None:
    """Commit a transaction that `begun` opened and that no session has joined."""
    _on_the_wire(_held(), entry.end)


def _held() -> Connection:
    line = _line.get()
    if line is None:
        raise LookupError("a unit can begin with its first statement only while a line is held")
    return line


def _leave(line: Connection) -> None:
    """Undo what is left on the line; one that cannot even do that is thrown away, and the next use makes a new one."""
    if line.invalidated:
        return
    wire = line.connection.driver_connection
    if wire.pgconn.transaction_status != TransactionStatus.IDLE:  # type: ignore[union-attr]
        try:
            wire.rollback()  # type: ignore[union-attr]
        except psycopg.Error as fault:
            line.invalidate(fault)


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    """Attach the scope's tenants to every statement, never only to those that look as if they needed it."""
    if state.bind_arguments.get("bind") is not None or state.is_column_load or state.is_relationship_load:
        return
    if isinstance(state.statement, TextClause):
        if not NAMES_TENANT.search(state.statement.text):
            raise UnscopedStatement(f"SQL must name its tenant as :tenant or :tenants: {state.statement.text[:120]}")
        return
    allowed = scope.current().read
    state.statement = state.statement.options(
        with_loader_criteria(TenantOwned, lambda model: model.tenant_id.in_(allowed), include_aliases=True)
    )


def run(sql: str, /, **values: Any) -> Rows:
    """Run one hand-written statement in the current scope.

    `:tenant` (the one tenant) and `:tenants` (all that may be read) are filled from the scope and cannot be
    given by the caller.
    Raises UnscopedStatement when the text names neither, ScopeMissing when the scope does not fit.
    """
    now = scope.current()
    if "tenant" in values or "tenants" in values:
        raise UnscopedStatement("the tenant comes from the scope, not from the caller")
    statement, wants_one, wants_all = _read(sql)
    if wants_one:
        values["tenant"] = now.one
    if wants_all:
        values["tenants"] = list(now.read)
    return db.session.execute(statement, values)  # type: ignore[return-value]


@lru_cache(maxsize=2048)
def _read(sql: str) -> tuple[TextClause, bool, bool]:
    """Parse a text once: its statement, and whether it names the one tenant and the set of tenants."""
    return text(sql), ONE_TENANT.search(sql) is not None, ALL_TENANTS.search(sql) is not None


def table(sql: str, /, **values: Any) -> Table:
    """Ask for the rows of a long list in the current scope and transaction, as `run` does; they come as the driver
    gives them, which takes half of the time."""
    now = scope.current()
    statement, wants_one, wants_all = _read(sql)
    if not (wants_one or wants_all) or "tenant" in values or "tenants" in values:
        raise UnscopedStatement(f"SQL must name its tenant, whom the scope knows: {sql[:120]}")
    if wants_one:
        values["tenant"] = now.one
    if wants_all:
        values["tenants"] = list(now.read)
    begun = _begun.get()
    if begun is not None and not db.session.registry.has():
        numbered, order = _numbered(statement)
        return Table(*_on_the_wire(begun, lambda wire: entry.rows(wire, numbered, [values[name] for name in order])))
    if db.session.registry.has():
        db.session.flush()
    line = begun or db.session.connection()
    words = _driven(statement, line.dialect)
    return _on_the_wire(line, lambda wire: _table(wire.execute(words, values)))


def _table(answer: psycopg.Cursor[Any]) -> Table:
    told = answer.pgresult
    if told is None or not told.nfields:
        raise TypeError("this statement answers no rows")
    names = [(told.fname(at) or b"").decode() for at in range(told.nfields)]
    return Table(names, answer.fetchall())


def run_many(sql: str, rows: Sequence[dict[str, Any]], /) -> None:
    """Run one statement for many rows in one round trip; each row gets the scope's tenant."""
    if not rows:
        return
    if not NAMES_TENANT.search(sql):
        raise UnscopedStatement(f"SQL must name its tenant as :tenant: {sql[:120]}")
    tenant = scope.current().one
    db.session.execute(text(sql), [{**row, "tenant": tenant} for row in rows])


def run_identity(sql: str, /, **values: Any) -> Rows:
    """Run one statement as the sign-in role, which sees people and memberships and no client's books."""
    return db.session.execute(_read(sql)[0], values, bind_arguments={"bind": db.engines[AUTH]})  # type: ignore[return-value]


def ask_identity(question: entry.First) -> str | None:
    """Ask the sign-in role one question that changes nothing, in one round trip and outside every unit; its one value
    or none. Each request begins with one, so it goes past all that a statement takes usually."""
    line = db.engines[AUTH].raw_connection()
    try:
        return entry.ask(line.driver_connection, question)  # type: ignore[arg-type]
    except psycopg.OperationalError as fault:
        line.invalidate(fault)
        raise OperationalError("on the wire", None, fault, connection_invalidated=True) from fault
    finally:
        line.close()


@lru_cache(maxsize=512)
def _numbered(statement: TextClause) -> tuple[str, Sequence[str]]:
    """A text with its values as $1 and so on, and the names of these in their order."""
    told = statement.compile(dialect=NUMBERED)
    return str(told), list(told.positiontup or ())


@lru_cache(maxsize=512)
def _driven(statement: TextClause, dialect: Dialect) -> str:
    """A text with its values marked as the driver marks them."""
    return str(statement.compile(dialect=dialect))


def refuse_dead(line: Any, _record: Any, _proxy: Any) -> None:
    """Hand out no connection that the server has closed. It has said so already: asking the socket costs no way there
    and back, as a statement would."""
    ear = select.poll()
    ear.register(line.pgconn.socket, select.POLLIN)
    if line.pgconn.status != ConnStatus.OK or ear.poll(0):
        raise DisconnectionError("the server closed this connection, or said something that nobody asked for")


def undo(line: Any, _record: Any, _state: Any) -> None:
    """Leave no transaction on a connection that goes back to the pool; most have ended theirs, and need no rollback."""
    if line.pgconn.transaction_status != TransactionStatus.IDLE:
        line.rollback()


@contextmanager
def impatient(milliseconds: int) -> Iterator[None]:
    """Wait at most so long for a row that another transaction holds. Raises Locked when that was not enough."""
    line = db.session.connection()
    line.exec_driver_sql(f"SET LOCAL lock_timeout = {int(milliseconds)}")
    try:
        yield
    except OperationalError as fault:
        if isinstance(fault.orig, psycopg.errors.LockNotAvailable):
            raise Locked("a row was held too long") from fault
        raise
    line.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


@contextmanager
def attempt() -> Iterator[None]:
    """A part of the unit that is undone alone when it fails; the fault goes on to whoever asked."""
    with db.session.begin_nested():
        yield


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Stream rows into a temporary landing table by COPY; row security refuses COPY into tenant tables themselves."""
    raw = db.session.connection().connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as sink:  # type: ignore[union-attr]
        for row in rows:
            sink.write_row(row)


def land(table: str, definition: str) -> None:
    """Make the temporary landing table of one COPY; it vanishes with the transaction."""
    connection = db.session.connection()
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {table} ({definition}) ON COMMIT DROP")


def plan_for_sets() -> None:
    """Plan the rest of this transaction for whole sets.

    Rows that were just staged have no statistics: the planner expects one, loops over them, and a load becomes
    quadratic.
    """
    db.session.connection().exec_driver_sql("SET LOCAL enable_nestloop = off")


@contextmanager
def planned_anew() -> Iterator[None]:
    """Plan each statement for its own values, past the driver's prepared statements.

    The server's own setting for that would also plan the check of every foreign key anew, for each row.
    """
    wire: Any = db.session.connection().connection.driver_connection
    usual, wire.prepare_threshold = wire.prepare_threshold, None
    try:
        yield
    finally:
        wire.prepare_threshold = usual
