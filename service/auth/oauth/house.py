"""What every face of the authorization server needs: who we are, what time it is, and the unit of work."""

from contextlib import AbstractContextManager
from typing import Any

from service.endpoint import tools
from tenants.directory.access_tokens import House
from tenants.isolation import scope
from tenants.work import unit_of_work


def house() -> House:
    """The issuer: the public address, whatever a proxy or a caller calls us."""
    return House(tools().settings.public_url.rstrip("/"))


def address(path: str) -> str:
    """The public address of one of our paths."""
    return house().issuer + path


def at_the_door(reason: str) -> AbstractContextManager[Any]:
    """A unit of work in no client's books: grants, codes and keys."""
    return unit_of_work(scope.platform(actor="oauth", reason=reason))
