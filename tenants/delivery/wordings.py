"""Decides in whose words a message speaks: the client's own, per template, language and customer group, or ours.

A client writes Liquid with limits, never code. Words are checked when they are kept (syntax, fields, tone), tried on
real customers before they are published, and a version that once spoke stays to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Integer, RowMapping, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.delivery import rendering, tone, words
from tenants.delivery.facts import Outgoing
from tenants.delivery.rendering import Rendered
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values.faults import Kind, Refusal

LONGEST = 8_000
LANGUAGES = ("en", "de")
NEEDED = ("creditor.name",)
"""Every message names who is owed; what is owed and how to object stand in the list and behind the button."""


class WordingRefused(Refusal, ValueError):
    """The words cannot be kept."""

    code = "wording_refused"
    remedy = "Change the named line."


class WordingUnknown(Refusal, LookupError):
    """No such words."""

    kind = Kind.UNKNOWN
    code = "wording_unknown"
    remedy = "Look at the list of templates."


class NeedsSecondReader(Refusal):
    """The author wanted to publish words that go to customers."""

    kind = Kind.CONFLICT
    code = "needs_second_person"
    remedy = "Ask a colleague who may publish rules to read the words and to publish them."


class Wording(TenantOwned, Model):
    """One version of the words of a template."""

    __tablename__ = "wording"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    template: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    group_key: Mapped[str] = mapped_column(Text, primary_key=True, default="")
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    worded_by: Mapped[str] = mapped_column(Text)
    worded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SpokenWording(TenantOwned, Model):
    """The version that speaks."""

    __tablename__ = "spoken_wording"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "template", "language", "group_key", "version"],
            [f"wording.{column}" for column in ("tenant_id", "template", "language", "group_key", "version")],
        ),
    )
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    template: Mapped[str] = mapped_column(Text, primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    group_key: Mapped[str] = mapped_column(Text, primary_key=True, default="")
    version: Mapped[int] = mapped_column(Integer)
    published_by: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where words belong: a template, a language, and a customer group or nobody in particular."""

    template: str
    language: str
    group_key: str = ""


ADD = """
INSERT INTO wording (tenant_id, template, language, group_key, version, source, worded_by, worded_at)
SELECT :tenant, :template, :language, :group_key, COALESCE(max(w.version), 0) + 1, :source, :by, :now FROM wording w
WHERE w.tenant_id = :tenant AND w.template = :template AND w.language = :language AND w.group_key = :group_key
ON CONFLICT DO NOTHING RETURNING version
"""
FIND = """
SELECT w.template, w.language, w.group_key, w.version, w.source, w.worded_by, w.worded_at,
  s.version AS spoken_version, s.published_by, s.published_at
FROM wording w LEFT JOIN spoken_wording s ON s.tenant_id = :tenant AND s.template = w.template
  AND s.language = w.language AND s.group_key = w.group_key
WHERE w.tenant_id = :tenant AND w.template = :template AND w.language = :language AND w.group_key = :group_key
ORDER BY w.version DESC
"""
ALL = """
SELECT w.template, w.language, w.group_key, max(w.version) AS newest, s.version AS spoken
FROM wording w LEFT JOIN spoken_wording s ON s.tenant_id = :tenant AND s.template = w.template
  AND s.language = w.language AND s.group_key = w.group_key
WHERE w.tenant_id = :tenant GROUP BY w.template, w.language, w.group_key, s.version
ORDER BY w.template, w.language, w.group_key
"""
SPEAK = """
INSERT INTO spoken_wording (tenant_id, template, language, group_key, version, published_by, published_at)
VALUES (:tenant, :template, :language, :group_key, :version, :by, :now)
ON CONFLICT (tenant_id, template, language, group_key) DO UPDATE
SET version = excluded.version, published_by = excluded.published_by, published_at = excluded.published_at
"""
SILENCE = """
DELETE FROM spoken_wording WHERE tenant_id = :tenant AND template = :template AND language = :language
  AND group_key = :group_key
"""
# The words of the customer's group first, by name where it is in several, then those for everybody.
FOR_READER = """
SELECT w.source FROM spoken_wording s
JOIN wording w ON w.tenant_id = :tenant AND w.template = s.template AND w.language = s.language
  AND w.group_key = s.group_key AND w.version = s.version
WHERE s.tenant_id = :tenant AND s.template = :template AND s.language = :language
  AND (s.group_key = '' OR s.group_key IN (
    SELECT g.key FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = :debtor_id))
ORDER BY s.group_key = '', s.group_key LIMIT 1
"""


def spoken(template: str, *, language: str, debtor_id: UUID) -> str:
    """The client's own words for a reader, empty where ours speak."""
    found = store.run(FOR_READER, template=template, language=language, debtor_id=debtor_id).scalar_one_or_none()
    return found or ""


def everything() -> Sequence[RowMapping]:
    """All places with words of the client's own, with their newest and their speaking version."""
    return store.run(ALL).mappings().all()


def versions(place: Place) -> Sequence[RowMapping]:
    """Every version at a place, newest first; empty where only ours speak."""
    return store.run(FIND, **_at(place)).mappings().all()


def ours(place: Place) -> str:
    """Our own words at a place, to begin with. Raises UnknownTemplate."""
    return rendering.source_of(place.template, language=words.language(place.language))


def keep(place: Place, source: str, *, now: datetime) -> int:
    """Keep new words as a draft; returns their version. Raises WordingRefused, UnknownTemplate, BadTemplate."""
    check(place, source)
    by = scope.current().actor
    version: int = store.run(ADD, **_at(place), source=source, by=by, now=now).scalar_one()
    history.note("wording.kept", about=("wording", _subject(place)), at=now, became={"version": version})
    return version


def publish(place: Place, *, version: int, now: datetime) -> None:
    """Let a version speak. Raises WordingUnknown, and NeedsSecondReader when its author asks."""
    found = next((row for row in versions(place) if row["version"] == version), None)
    if found is None:
        raise WordingUnknown("There is no such version of these words.")
    actor = scope.current().actor
    if found["worded_by"] == actor:
        raise NeedsSecondReader("These words go to customers, so their author cannot publish them alone.")
    store.run(SPEAK, **_at(place), version=version, by=actor, now=now)
    was = {"version": found["spoken_version"]}
    history.note("wording.published", about=("wording", _subject(place)), at=now, was=was, became={"version": version})


def silence(place: Place, *, now: datetime) -> None:
    """Let our own words speak again. Raises WordingUnknown when they did."""
    if not store.run(SILENCE, **_at(place)).rowcount:
        raise WordingUnknown("Our own words speak there already.")
    history.note("wording.silenced", about=("wording", _subject(place)), at=now)


def check(place: Place, source: str) -> None:
    """Refuse words that are too long, miss their parts, cannot be written, or say what no reminder may say."""
    rendering.known(place.template)
    if place.language not in LANGUAGES:
        raise WordingRefused(f"There is no language “{place.language[:20]}” here.", pointer="/language")
    if len(source) > LONGEST:
        raise WordingRefused(f"The text has {len(source)} letters; {LONGEST} are the most.", pointer="/source")
    subject, line, body = source.partition("\n---\n")
    if not (line and subject.strip() and body.strip()):
        raise WordingRefused("The first line is the subject, then a line of ---, then the letter.", pointer="/source")
    missing = [name for name in NEEDED if name not in source]
    if missing:
        raise WordingRefused(f"Every message names who is owed: {{{{ {missing[0]} }}}} is missing.", pointer="/source")
    for each in tone.objections(source):
        raise WordingRefused(
            f"Line {each.line}: “{each.phrase}” is a {each.kind}.", pointer="/source", remedy=each.remedy
        )
    rendering.tried(source)


def preview(source: str, mails: Sequence[Outgoing]) -> list[tuple[str, Rendered]]:
    """The words for these customers, as they would read them, with a link that leads nowhere. Raises BadTemplate."""
    return [(mail.reader.debtor_name, rendering.fill(source, mail, link="#")) for mail in mails]


def _at(place: Place) -> dict[str, str]:
    return {"template": place.template, "language": place.language, "group_key": place.group_key}


def _subject(place: Place) -> UUID:
    """Words have a place, not an id; the history wants one that is always the same."""
    return uuid5(scope.current().one, "/".join((place.template, place.language, place.group_key)))
