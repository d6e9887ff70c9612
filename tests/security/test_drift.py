"""The models say what the migrations made, and nothing else."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

from migrations import shape
from tenants.store import AUTH, db

NOT_OURS = {"alembic_version"}


@pytest.fixture
def as_owner(database_urls) -> Iterator[Connection]:
    engine = sa.create_engine(database_urls["gt_owner"])
    with engine.connect() as line:
        yield line
    engine.dispose()


def differences(line: Connection, metadata: sa.MetaData, *, schema: str) -> list[object]:
    def ours(thing: object, name: str | None, kind: str, _found: bool, _other: object) -> bool:
        return not (kind == "table" and name in NOT_OURS)

    def of_schema(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or name == schema or (name is None and schema == "app")

    options = {
        "include_object": ours,
        "include_name": of_schema,
        "include_schemas": schema != "app",
        "compare_type": True,
    }
    return compare_metadata(MigrationContext.configure(line, opts=options), metadata)


def test_the_models_of_every_room_are_the_tables_of_the_migrations(as_owner):
    assert differences(as_owner, shape.metadata(), schema="app") == []


def test_the_models_of_people_are_the_tables_of_the_migrations(as_owner):
    shape.metadata()
    assert differences(as_owner, db.metadatas[AUTH], schema="identity") == []


def test_the_comparison_can_see_a_difference(as_owner):
    altered = sa.MetaData()
    for table in shape.metadata().tables.values():
        table.to_metadata(altered)
    altered.tables["invoice"].append_column(sa.Column("colour", sa.Text))
    found = differences(as_owner, altered, schema="app")
    assert [(each[0], each[3].name) for each in found] == [("add_column", "colour")]
