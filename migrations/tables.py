"""The one way to make a tenant table: create it, place it, wall it, and grant only what the program needs."""

from alembic import op

PROGRAM = "gt_app, gt_worker"
FULL = "SELECT, INSERT, UPDATE, DELETE"
APPEND_ONLY = "SELECT, INSERT"


def tenant_table(
    name: str,
    body: str,
    *,
    debtor: str | None = None,
    rights: str = FULL,
    anchor: bool = False,
    through: str | None = None,
) -> None:
    """Create `app.name` with `tenant_id` first, put its rows beside their tenant's other rows, and force the wall.

    `debtor` names the column that narrows what a debtor's portal session sees; without one such a session sees nothing.
    `through` names the parent whose key in `body` proves the tenant already: a second proof is a look-up for each row.
    """
    proof = "" if through else " REFERENCES app.tenant (id)"
    op.execute(f"CREATE TABLE app.{name} (tenant_id uuid NOT NULL{proof}, {body})")
    op.execute(f"SELECT gt.spread('app.{name}'" + (")" if anchor else ", 'app.client_profile')"))
    op.execute(f"SELECT gt.wall('app.{name}'" + (f", '{debtor}')" if debtor else ")"))
    op.execute(f"GRANT {rights} ON app.{name} TO {PROGRAM}")
    op.execute(f"GRANT SELECT ON app.{name} TO gt_backup")


def index(table: str, name: str, columns: str, where: str | None = None) -> None:
    """Create an index that starts with the tenant."""
    op.execute(
        f"CREATE INDEX ix_{table}_{name} ON app.{table} (tenant_id, {columns})" + (f" WHERE {where}" if where else "")
    )
