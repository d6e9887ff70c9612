"""The version of the API, a date: a caller may name the one that it was written for, and is told which one answered.

What only adds needs no new version. A version that goes is announced with `Deprecation` and `Sunset` (RFC 9745, 8594).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from flask import Response, request

from tenants.values.faults import Refusal

HEADER = "Goodterms-Version"


@dataclass(frozen=True, slots=True)
class Version:
    """One version: since when it is, and since when and until when it is going."""

    since: date
    deprecated_on: date | None = None
    sunset_on: date | None = None

    @property
    def name(self) -> str:
        """As it stands in the header."""
        return self.since.isoformat()


VERSIONS = (Version(date(2026, 11, 22)),)
"""The newest last."""


class UnknownVersion(Refusal):
    """There is no such version of the API."""

    code = "unknown_version"
    remedy = f"Leave the header {HEADER} out, or name a version of the list in the documentation."


def check() -> None:
    """Refuse a request that was written for a version that is not there. Raises UnknownVersion."""
    chosen()


def chosen() -> Version:
    """The version that the request wants; the newest when it does not say."""
    given = request.headers.get(HEADER)
    if given is None:
        return VERSIONS[-1]
    found = next((each for each in VERSIONS if each.name == given), None)
    if found is None:
        names = ", ".join(each.name for each in VERSIONS)
        raise UnknownVersion(f"This is not a version of the API; there are: {names}.", pointer=f"/{HEADER}")
    return found


def tell(response: Response) -> None:
    """Name the version in the answer, and its end where it has one."""
    given = request.headers.get(HEADER)
    version = next((each for each in VERSIONS if each.name == given), VERSIONS[-1])
    response.headers.add(HEADER, version.name)
    if version.deprecated_on is not None:
        at = datetime.combine(version.deprecated_on, time(), tzinfo=UTC)
        response.headers["Deprecation"] = f"@{int(at.timestamp())}"
    if version.sunset_on is not None:
        at = datetime.combine(version.sunset_on, time(), tzinfo=UTC)
        response.headers["Sunset"] = format_datetime(at, usegmt=True)
