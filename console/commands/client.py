"""`client`: open the books of a new client, close one, and open it again, as the provider's pages do."""

from datetime import datetime

import click

from console import joining
from console.talk import answer
from tenants.delivery.words import LANGUAGES
from tenants.directory import clients, closings, openings
from tenants.directory.closings import Person
from tenants.rules import ending
from tenants.values import ids


@click.group("client")
def command() -> None:
    """The provider's clients."""


@command.command("open")
@click.argument("slug")
@click.option("--name", required=True, help="The company's name, as on its invoices.")
@click.option("--country", required=True, help="Two letters of ISO 3166, such as DE.")
@click.option("--currency", required=True, help="The currency of its books, such as EUR.")
@click.option("--zone", required=True, help="The time zone by which its days are counted, such as Europe/Berlin.")
@click.option("--language", default="en", show_default=True, type=click.Choice(LANGUAGES), help="Of its letters.")
@click.option("--admin", required=True, help="E-mail address of its first admin, who gets an invitation.")
@click.option("--admin-name", default="", help="The admin's name.")
@click.option("--person", required=True, help="E-mail address of the provider's administrator who opens it.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def open_one(
    *,
    slug: str,
    name: str,
    country: str,
    currency: str,
    zone: str,
    language: str,
    admin: str,
    admin_name: str,
    person: str,
    as_json: bool,
) -> None:
    """Open a client in test mode under the short name SLUG and invite its first admin.

    \b
    ./goodterms client open cedar --name "Cedar Sp. z o.o." --country PL --currency PLN --zone Europe/Warsaw \\
        --admin ewa@cedar.example --person paula@example.com
    """
    with joining.new_client(person=person) as entered:
        opened = openings.begin(
            slug,
            legal_name=name,
            base_currency=currency,
            time_zone=zone,
            country=country,
            language=language,
            admin_email=admin,
            admin_name=admin_name,
            now=entered.real,
        )
    answer(
        {
            "id": ids.show(clients.PREFIX, opened.id),
            "slug": opened.slug,
            "test_mode": True,
            "invited": opened.admin_email,
        },
        as_json=as_json,
    )


@command.command("close")
@click.argument("slug")
@click.option("--person", required=True, help="E-mail address of the provider's administrator who asks or agrees.")
@click.option("--reason", default="", help="Why; without one nothing is asked, and what would stop is shown.")
@click.option("--days", default=closings.READABLE_DAYS, show_default=True, help="For which its books can be read.")
@click.option("--agree", is_flag=True, help="Agree, as a second administrator, to what another asked.")
@click.option("--refuse", is_flag=True, help="Refuse what another asked, or withdraw what was asked.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def close_one(*, slug: str, person: str, reason: str, days: int, agree: bool, refuse: bool, as_json: bool) -> None:
    """Show what closing the client SLUG would stop; ask for it with a reason; agree to it as another administrator.

    \b
    ./goodterms client close cedar --person paula@example.com
    ./goodterms client close cedar --person paula@example.com --reason "They work with somebody else"
    ./goodterms client close cedar --person petra@example.com --agree
    """
    if agree and refuse:
        raise click.UsageError("Agree or refuse, not both.")
    with joining.steered(slug, person=person) as entered:
        by, now = Person(entered.person_id, entered.person_name), entered.real
        if agree or refuse:
            found = closings.newest(now=now)
            if found is None:
                raise closings.UnknownClosing("Nobody has asked to close this client.")
            closings.decide(found.id, agree=agree, by=by, now=now, why=reason)
        elif reason:
            closings.ask(by, short_name=slug, reason=reason, now=now, readable_days=days)
        told = _standing(now=now)
    answer(told, as_json=as_json)


@command.command("reopen")
@click.argument("slug")
@click.option("--person", required=True, help="E-mail address of the provider's administrator who opens it again.")
@click.option("--reason", required=True, help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def reopen_one(*, slug: str, person: str, reason: str, as_json: bool) -> None:
    """Open the closed client SLUG again, in test mode, while its books can still be read."""
    with joining.steered(slug, person=person) as entered:
        by = Person(entered.person_id, entered.person_name)
        closings.reopen(by=by, now=entered.real, reason=reason)
        told = _standing(now=entered.real)
    answer(told, as_json=as_json)


def _standing(*, now: datetime) -> dict[str, object]:
    profile, found = clients.profile(), closings.newest(now=now)
    return {
        "id": profile.public_id,
        "slug": profile.slug,
        "state": profile.state,
        "readable_until": profile.shut_at.isoformat() if profile.shut_at else None,
        "request": found.state if found else None,
        "stops": ending.consequences(now=now).counts,
    }
