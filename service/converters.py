"""Typed path parts: an id names its kind in the address, and a malformed one is a page that is not there."""

from typing import Any
from uuid import UUID

from werkzeug.routing import BaseConverter, ValidationError

from tenants.values import ids


class RefConverter(BaseConverter):
    """`<ref('inv'):invoice_id>`: a prefixed public id in the path, a UUID in the view."""

    def __init__(self, url_map: Any, prefix: str) -> None:
        super().__init__(url_map)
        self.prefix = prefix

    def to_python(self, value: str) -> UUID:
        try:
            return ids.read(self.prefix, value)
        except ids.BadId:
            raise ValidationError from None

    def to_url(self, value: Any) -> str:
        return ids.show(self.prefix, value)


class ClientConverter(BaseConverter):
    """`<client:client>`: a client's short name or its public id; identity resolves it among the caller's own
    clients."""

    regex = r"[a-z0-9][a-z0-9_-]{1,62}"


class KeyConverter(BaseConverter):
    """`<key:rule>`: the key of a rule, which is unique in its client."""

    regex = r"[a-z0-9][a-z0-9-]{1,62}"


CONVERTERS = {"ref": RefConverter, "client": ClientConverter, "key": KeyConverter}
