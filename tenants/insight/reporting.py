"""Decides what a client chose for its reports: the edges of its buckets, and whether its people get the Monday digest.

Figures that are told by bucket keep the standard edges, so that one client can be held against another; the aging, its
lists, its exports and its papers use the client's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Integer
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.insight import buckets
from tenants.insight.buckets import EDGES
from tenants.store import Model, TenantOwned

MOST_EDGES = 8


class Reporting(TenantOwned, Model):
    """What one client chose; a client without a row has the defaults."""

    __tablename__ = "reporting"

    edges: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    digest: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """How a client wants its reports."""

    edges: tuple[int, ...] = EDGES
    digest: bool = True


CHOSEN = "SELECT edges, digest FROM reporting WHERE tenant_id = :tenant"
CHOOSE = """
INSERT INTO reporting (tenant_id, edges, digest) VALUES (:tenant, :edges, :digest)
ON CONFLICT (tenant_id) DO UPDATE SET edges = excluded.edges, digest = excluded.digest
"""


def choice() -> Choice:
    """What the client chose."""
    row = store.run(CHOSEN).one_or_none()
    return Choice() if row is None else Choice(tuple(row.edges), row.digest)


def choose(edges: Sequence[int], *, digest: bool) -> None:
    """Keep another choice. Raises BadEdges for edges that do not grow, or too many of them."""
    buckets.spans(edges)
    if len(edges) > MOST_EDGES:
        raise buckets.BadEdges(f"At most {MOST_EDGES} edges can be read on one page.", pointer="/edges")
    store.run(CHOOSE, edges=list(edges), digest=digest)
