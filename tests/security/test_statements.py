"""Every hand-written statement of the domain keeps the rules under which the same schema runs on a cluster of nodes."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import tenants
from migrations import shape

VERB = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
REFERENCE = re.compile(r"\b(?:FROM|JOIN|UPDATE|DELETE FROM)\s+(?:app\.)?([a-z_]+)\b")
NAMED = re.compile(r"tenant_id\s*=\s*(?::tenant\b|\$1|ANY\s*\(\s*:tenants|[a-z_]+\.tenant_id)|\bid\s*=\s*:tenant\b")
BANNED = {
    "time and ids are values (R5)": re.compile(
        r"\b(now\(\)|current_date|current_timestamp|clock_timestamp|gen_random_uuid)", re.I
    ),
    "not on a cluster (R6)": re.compile(r"\b(MERGE INTO|MATERIALIZED VIEW|nextval|CREATE TRIGGER)\b", re.I),
    "locks are rows (R14)": re.compile(r"pg_(try_)?advisory|\bNOTIFY\b|\bLISTEN\b", re.I),
    "the scope is entered once (R2)": re.compile(r"set_config|\bSET SESSION\b", re.I),
}
EXCUSED = {
    "tenants.delivery.outbox.COLUMNS": "a beginning; what it becomes ends in the message's client",
    "tenants.directory.access.EVERY": "the provider's own list of clients: that they are there, and nothing in them",
    "tenants.directory.access.VISIBLE": "sign-in asks in which clients a person is, before there is one",
    "tenants.directory.closings.WAITING": "the provider's own list says which clients are asked to be closed",
    "tenants.directory.people.KNOWN_OF": "a password must not be made of the names of its person's clients",
    "tenants.directory.access.CLIENTS_OF": "the same, as a part of a larger question",
    "tenants.directory.sessions.OF_PERSON": "the same of one person",
    "tenants.directory.sign_in_rules.ITS_WORD_ALONE": "a condition in it, of a client t that the question names",
    "tenants.directory.sign_in_rules.SOMEBODY_INSISTS": "sign-in names the clients of a domain, before a scope",
    "tenants.directory.sessions.FIND": "the same, with the session that it is asked for",
    "tenants.directory.staff.ALL": "the provider's own people, each with a count of clients and nothing in them",
    "tenants.directory.connections.ONE": "sign-in names the connection's client, before there is a scope",
    "tenants.directory.connections.OF_DOMAIN": "sign-in asks whose domain an address is, before there is a client",
    "tenants.directory.connections.IS_OWN": "sign-in names the connection's client, before there is a scope",
    "tenants.directory.outside_identities.HERE": "sign-in names the connection's client, before there is a scope",
    "tenants.directory.outside_identities.ELSEWHERE": "sign-in asks about all clients but the connection's own",
    "tenants.events.dead_letters.EVERYWHERE": "the provider counts work that stopped, and reads nothing of what it was",
    "tenants.directory.provisioning.tokens.FIND": "the token names its client, before there is a scope",
}


def statements() -> Iterator[tuple[str, str]]:
    """Name and text of every constant of the domain that is SQL."""
    for room in pkgutil.walk_packages(tenants.__path__, "tenants."):
        module = importlib.import_module(room.name)
        for name, value in vars(module).items():
            texts = value.values() if isinstance(value, dict) else [value]
            for text in texts:
                if name.isupper() and isinstance(text, str) and VERB.search(text) and REFERENCE.search(text):
                    yield f"{room.name}.{name}", text


ALL = sorted(set(statements()))
WALLED = {table.name for table in shape.metadata().tables.values() if "tenant_id" in table.columns}


def test_there_are_statements_to_judge():
    assert len(ALL) > 100 and {"invoice", "message", "task"} <= WALLED


@pytest.mark.parametrize("rule", BANNED)
def test_no_statement_uses_what_the_rules_forbid(rule):
    assert [name for name, text in ALL if BANNED[rule].search(text)] == []


def test_rows_from_a_query_are_inserted_with_an_end_that_keeps_them_on_their_node():
    """R4: without ON CONFLICT or RETURNING such a statement becomes a COPY, which row security refuses."""
    wrong = [
        name
        for name, text in ALL
        if re.search(r"INSERT INTO [^;]*?\)\s*(WITH|SELECT)\b", text, re.S)
        and not re.search(r"ON CONFLICT|RETURNING", text)
    ]
    assert wrong == []


def test_every_statement_names_the_client_for_each_table_that_it_reads():
    """R3: policies alone never tell a cluster on which node to look."""
    wrong = []
    for name, text in ALL:
        tables = [table for table in REFERENCE.findall(text) if table in WALLED]
        if name not in EXCUSED and len(NAMED.findall(text)) < len(tables):
            wrong.append((name, len(tables), len(NAMED.findall(text))))
    assert wrong == []
