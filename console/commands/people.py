"""`people`: the first administrator of a new installation, who then adds everybody else on the pages, and help for
whoever lost the second factor and has nobody else."""

import click

from console import joining
from console.faults import REFUSED, CannotRun
from console.talk import answer
from tenants import settings
from tenants.directory import letters, people, provider_history, resets, staff, steps
from tenants.values.faults import Refusal


@click.group("people")
def command() -> None:
    """The provider's people."""


@command.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def add(email: str, name: str, as_json: bool) -> None:
    """Add an administrator of the provider and print the link by which they choose a password; it opens once.

    \b
    ./goodterms people add paula@example.com --name "Paula Adeyemi"
    """
    try:
        with joining.at_the_door() as door:
            home = settings.read().public_url.rstrip("/")
            added = people.add(email, name=name, side="provider", now=door.now)
            people.give_provider_role(added, role=staff.ADMIN)
            became = {"email": email, "administrator": True}
            provider_history.note("colleague.added", about=("person", added, name), at=door.now, became=became)
            waits = letters.WAITS[letters.INVITATION]
            token = steps.begin(letters.INVITATION, now=door.now, person_id=added, waits=waits)
    except Refusal as refused:
        raise CannotRun(f"{refused.detail} {refused.remedy}".strip(), code=REFUSED) from None
    answer(
        {"email": email, "link": f"{home}/welcome/{token}", "until": (door.now + waits).isoformat()}, as_json=as_json
    )


@command.command("reset-factor")
@click.argument("email")
@click.option("--reason", required=True, help="How you know that it is this person who asks; the history keeps it.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def reset_factor(email: str, reason: str, as_json: bool) -> None:
    """Take the second factors away of somebody who lost them and has nobody else: a last administrator, or a person of
    several clients. The password stays, every session ends, and the person is told by mail.

    \b
    ./goodterms people reset-factor paula@example.com --reason "She stood at my desk"
    """
    try:
        with joining.at_the_door() as door:
            found = people.find(email)
            if found is None:
                raise CannotRun(f"Nobody here has the address {email}.", code=REFUSED)
            resets.forget(found, now=door.now, by="an operator")
            about = ("person", found.id, found.name)
            provider_history.note("second_factor.taken_away", about=about, at=door.now, reason=reason)
    except Refusal as refused:
        raise CannotRun(f"{refused.detail} {refused.remedy}".strip(), code=REFUSED) from None
    answer({"email": found.email, "reset": True}, as_json=as_json)
