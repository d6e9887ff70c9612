"""Field types of the API: ids that name their kind, money as text with its currency, instants in UTC."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID

from marshmallow import ValidationError, fields

from tenants.values import ids
from tenants.values.money import Money

FIRST_YEAR, LAST_YEAR = 1900, 2199


class Ref(fields.Field[UUID]):
    """An id of one kind: `inv_…` outside, a UUID inside. Each field that names an object is one of these."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(**options)
        self.prefix = prefix

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else ids.show(self.prefix, value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> UUID:
        try:
            return ids.read(self.prefix, value if isinstance(value, str) else "")
        except ids.BadId as fault:
            raise ValidationError(fault.detail) from None


class MoneyField(fields.Field[Money]):
    """`{"amount": "1234.50", "currency": "EUR"}`: an exact text, never a number.

    With `minor` it is read from a row that keeps the amount in minor units beside its currency.
    """

    def __init__(self, minor: str = "", *, currency: str = "currency", **options: Any) -> None:
        super().__init__(**options)
        self.minor, self.currency = minor, currency

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **kwargs: Any) -> Any:
        """The amount itself, or the one that two columns of the row make."""
        if not self.minor:
            return super().serialize(attr, obj, accessor=accessor, **kwargs)
        minor, currency = accessor(obj, self.minor, None), accessor(obj, self.currency, None)
        return self._serialize(None if minor is None or not currency else Money(minor, currency), attr, obj)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return None if value is None else {"amount": value.as_text(), "currency": value.currency}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Money:
        fits = isinstance(value, dict) and set(value) == {"amount", "currency"}
        if not fits or not all(isinstance(part, str) for part in value.values()):
            raise ValidationError('Money is written {"amount": "1234.50", "currency": "EUR"}.')
        try:
            return Money.parse(value["amount"], value["currency"])
        except ValueError as fault:
            raise ValidationError(str(fault)) from None


class Instant(fields.AwareDateTime):
    """A moment, always written in UTC: `2026-11-22T07:30:00Z`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", validate=_in_our_time, **options)

    def _serialize(self, value: datetime | None, attr: Any, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Day(fields.Date):
    """A day of the calendar."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=_in_our_time, **options)


def _in_our_time(given: date | datetime) -> None:
    """Refuse what is a slip of the pen, and would not survive counting days from it."""
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise ValidationError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")


class Actor(fields.Field[str]):
    """Who did it: `person:per_…`, `api_client:api_…`, `job:…`, `debtor:con_…`."""

    KINDS: ClassVar[dict[str, str]] = {"person": "per", "debtor": "con", "api_client": "api"}

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str:
        kind, _, rest = str(value or "").partition(":")
        try:
            return f"{kind}:{ids.show(self.KINDS[kind], UUID(rest))}"
        except (KeyError, ValueError):
            return str(value or "")
