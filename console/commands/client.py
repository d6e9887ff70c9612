"""`client`: open the books of a new client, as the provider's page does."""

import click

from console import joining
from console.talk import answer
from tenants.delivery.words import LANGUAGES
from tenants.directory import clients, openings
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
