"""Field types of the API: ids that name their kind, money as text with its currency, instants in UTC."""

from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from tenants.values import ids
from tenants.values.money import Money


class Ref(fields.Field[UUID]):
    """An id of one kind: `inv_…` outside, a UUID inside. Each field that names an object is one of these."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix
        self.metadata.setdefault("pattern", f"^{prefix}_[0-9a-v]{{26}}$")
        self.metadata.setdefault("type", "string")

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else ids.show(self.prefix, value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> UUID:
        try:
            return ids.read(self.prefix, value if isinstance(value, str) else "")
        except ids.BadId as fault:
            raise ValidationError(fault.detail) from None


class MoneyField(fields.Field[Money]):
    """`{"amount": "1234.50", "currency": "EUR"}`: an exact text, never a number."""

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": value.as_text(), "currency": value.currency}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Money:
        if not isinstance(value, dict) or set(value) != {"amount", "currency"} or not isinstance(value["amount"], str):
            raise ValidationError('Money is written {"amount": "1234.50", "currency": "EUR"}.')
        try:
            return Money.parse(value["amount"], value["currency"])
        except ValueError as fault:
            raise ValidationError(str(fault)) from None
