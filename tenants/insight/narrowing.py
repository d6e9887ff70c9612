"""Decides whose books a figure is about: all customers, or those of a group, a country or an owner.

Every figure, list and export takes its narrowing from here, so that a tile and the list that it opens can never mean
different customers. A customer without the thing asked for is found by `WITHOUT`, so that nothing is out of reach.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

WITHOUT = "-"
"""Asks for the customers that have no group, no country or nobody who owns them."""
DIMENSIONS = ("group", "country", "owner", "currency")


@dataclass(frozen=True, slots=True)
class Narrow:
    """Which customers; what is empty does not narrow."""

    group: str = ""
    country: str = ""
    owner: UUID | str = ""
    """The person who owns the customer, or WITHOUT."""
    debtor_id: UUID | None = None

    def __bool__(self) -> bool:
        return bool(self.group or self.country or self.owner or self.debtor_id)

    def where(self, column: str) -> str:
        """The condition on the customer's id in a column; nothing when all are meant."""
        if not self:
            return ""
        parts = ["n.tenant_id = :tenant"]
        if self.debtor_id is not None:
            parts.append("n.id = :narrow_debtor")
        if self.country:
            parts.append("n.country = :narrow_country")
        if self.owner:
            parts.append("n.owner_id IS NULL" if self.owner == WITHOUT else "n.owner_id = :narrow_owner")
        if self.group:
            some = "SELECT FROM debtor_group m WHERE m.tenant_id = :tenant AND m.debtor_id = n.id"
            parts.append(
                f"NOT EXISTS ({some})" if self.group == WITHOUT else f"EXISTS ({some} AND m.key = :narrow_group)"
            )
        return f"{column} IN (SELECT n.id FROM debtor n WHERE {' AND '.join(parts)})"

    def further(self, column: str) -> str:
        """The same, to be added to other conditions."""
        return f" AND {self.where(column)}" if self else ""

    def values(self) -> dict[str, Any]:
        """What the condition is told; no more than it names."""
        told: dict[str, Any] = {}
        if self.debtor_id is not None:
            told["narrow_debtor"] = self.debtor_id
        if self.country:
            told["narrow_country"] = "" if self.country == WITHOUT else self.country
        if isinstance(self.owner, UUID):
            told["narrow_owner"] = self.owner
        if self.group and self.group != WITHOUT:
            told["narrow_group"] = self.group
        return told


EVERYBODY = Narrow()
