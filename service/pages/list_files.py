"""Files of the lists of invoices and of customers, with the filters that the list has."""

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from service.endpoint import endpoint
from service.pages import customers as customers_page
from service.pages import frame, invoices, labels
from service.pages.exports import AT_ONCE, Kind, answer_with, every_row
from tenants.directory.access import VisibleClient
from tenants.insight import customers, register
from tenants.insight.exporting import Cell, Sheet
from tenants.insight.register import Asked
from tenants.values.money import Money

face = Blueprint("list_files", __name__)
INVOICES = ("Invoice", "Customer", "Issued", "Due", "State", "Delivery", "Evidence", "Amount", "Open")
CUSTOMERS = ("Customer", "Number", "Overdue", "Open", "Invoices", "Oldest due")


class InvoicesFile(invoices.Filters, Kind):
    """The list of invoices as a file."""


class CustomersFile(customers_page.Listed, Kind):
    """The list of customers as a file."""


@endpoint(face, "/c/<client:client>/invoices/export", needs="export.write", query=InvoicesFile, fresh=True)
def invoices_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Every invoice that the list would show, page by page."""
    today = frame.stamp().today
    asked = Asked(query["standing"], query["delivery"], query["currency"], query["q"].strip())
    found = every_row(
        lambda after: register.find(asked, today=today, after=after, limit=AT_ONCE), lambda page: page.rows
    )
    rows: list[list[Cell]] = [
        [each.number, each.customer, each.issued_on, each.due_on, labels.toned(each.standing, labels.STANDING)[0],
         labels.toned(each.delivery, labels.DELIVERY)[0], labels.toned(each.evidence_level, labels.EVIDENCE)[0],
         Money(each.amount_minor, each.currency), Money(each.open_minor, each.currency)]
        for each in found
    ]  # fmt: skip
    notes = [("Client", client.name), ("As of", today.isoformat()), ("State", invoices.STANDINGS[query["standing"]])]
    notes += [("Delivery", labels.DELIVERY[query["delivery"]][0])] if query["delivery"] else []
    notes += [("Number, customer or order", asked.words)] if asked.words else []
    return answer_with(
        query["file"], [Sheet("Invoices", INVOICES, rows, tuple(notes))], f"{client.slug}-invoices-{today}"
    )


@endpoint(face, "/c/<client:client>/customers/export", needs="export.write", query=CustomersFile, fresh=True)
def customers_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Every customer that the list would show, the most overdue first."""
    today, words = frame.stamp().today, " ".join(query["q"].split())
    currency = query["currency"] or client.base_currency
    found = every_row(
        lambda after: customers.owing(today, currency=currency, words=words, after=after, limit=AT_ONCE),
        lambda page: page.customers,
    )
    rows: list[list[Cell]] = [
        [each.name, each.number, Money(each.overdue_minor, currency), Money(each.open_minor, currency), each.count,
         each.oldest_due_on]
        for each in found
    ]  # fmt: skip
    notes = (("Client", client.name), ("As of", today.isoformat()), ("Currency", currency))
    sheet = Sheet("Customers", CUSTOMERS, rows, notes + ((("Name or number", words),) if words else ()))
    return answer_with(query["file"], [sheet], f"{client.slug}-customers-{today}")
