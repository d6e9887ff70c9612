"""Decides how trouble with rules is told: an alert that stays until a person ends it, and mail to who owns the rule."""

from datetime import datetime

from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.rules import notices, people, wording
from tenants.rules.people import Person


def warn(key: str, what: str, reason: str, *, now: datetime) -> None:
    """Raise one alert about a rule; a second about the same rule is the same one."""
    draft = NewAlert(
        f"rule-trouble:{key}",
        f"The rule “{wording.title(key)}” {what}",
        reason,
        cause=f"rule-trouble:{key}",
        severity="high",
        rule_key=key,
        ends_when="done",
    )
    alerts.raise_many([draft], now=now)


def broke(key: str, *, fault: str, owner: str, version: int, now: datetime, real: datetime) -> None:
    """A rule cannot run: say so loudly, and by mail to its owner and the provider's team lead, once a version."""
    what = "is broken and does not run"
    warn(key, what, fault, now=now)
    owning = people.behind(owner, now=now)
    readers = [owning] if owning else people.of_role("tenant admins", now=now)
    words = (
        f"The rule “{wording.title(key)}” is broken and does not run any more. All other rules go on.\n\n{fault}\n\n"
        "Open the rule, correct it, try it and publish it again."
    )
    notices.queue(
        _each_once([*readers, *people.of_role("team lead", now=now)]),
        key=f"broken:{key}:{version}",
        subject=f"The rule “{wording.title(key)}” {what}",
        words=words,
        now=now,
        real=real,
    )


def _each_once(readers: list[Person]) -> list[Person]:
    return list({person.email: person for person in readers}.values())
