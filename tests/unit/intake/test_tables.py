"""What the program believes of its tables is what the migrations made."""

import pytest

from tenants.intake import tables, tables_of_papers

MODELS = [
    *(tables.ImportSource, tables.ImportRun, tables.ImportRow, tables.ImportFault),
    *(tables_of_papers.ImportLine, tables_of_papers.Original),
    *(tables_of_papers.ImportBankLine, tables_of_papers.BankLine),
]
COLUMNS = """
SELECT column_name, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = 'app' AND table_name = '{table}'
"""


@pytest.mark.parametrize("model", MODELS)
def test_models_have_the_columns_of_their_tables(model, statements):
    believed = {column.name: column.nullable for column in model.__table__.columns}
    assert believed == dict(statements(COLUMNS.format(table=model.__tablename__)))
    assert next(column.name for column in model.__table__.primary_key) == "tenant_id"
