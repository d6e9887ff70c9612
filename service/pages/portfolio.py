"""All clients beside each other: what each is owed, how fast it is paid, and where to look first."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate

from service.endpoint import endpoint, tools
from service.pages import charts, frame, shown
from tenants.insight import portfolio
from tenants.insight.portfolio import Standing

face = Blueprint("portfolio", __name__)
ORDERS = {"name": "Client", "overdue": "Overdue", "current": "Least current", "dso": "DSO"}


class Order(Schema):
    """By what the clients are put in order."""

    order = fields.String(load_default="name", validate=validate.OneOf(list(ORDERS)))


@endpoint(face, "/clients", needs="portfolio.read", portfolio=True, query=Order)
def clients_page(query: dict[str, Any]) -> str:
    """Every client that the caller may enter, one line for each currency."""
    found = portfolio.standings(tools().clock.now())
    readable = {each.tenant_id for each in frame.signed_in().clients_with("insight.read")}
    return frame.show(
        "clients.html",
        section="clients",
        lines=[_line(each) for each in sorted(found, key=_key(query["order"])) if each.tenant_id in readable],
        totals=portfolio.totals([each for each in found if each.tenant_id in readable]),
        orders=[(key, title, url_for("portfolio.clients_page", order=key)) for key, title in ORDERS.items()],
        order=query["order"],
    )


def _key(order: str) -> Any:
    """Worst first; what is not known comes last."""
    keys: dict[str, Any] = {
        "name": lambda each: (each.name, each.currency),
        "overdue": lambda each: (each.currency, -each.overdue_minor),
        "current": lambda each: 2.0 if each.current is None else each.current,
        "dso": lambda each: -(each.figures.get("dso") or 0),
    }
    return keys[order]


def _line(each: Standing) -> dict[str, Any]:
    """One client in one currency, with the address of each number."""

    def bucket(key: str) -> str:
        return url_for(
            "dashboard.behind_page", client=each.slug, bucket=key, currency=each.currency, as_of=each.day.isoformat()
        )

    points = (*each.trend, each.overdue_minor)
    return {
        "standing": each,
        "home": url_for("dashboard.dashboard_page", client=each.slug, currency=each.currency),
        "open": bucket("all"),
        "overdue": bucket("overdue"),
        "current": None if each.current is None else each.current * 100,
        "dso": _days(each, "dso"),
        "best": _days(each, "dso-best"),
        "cei": None if each.figures.get("cei") is None else float(each.figures["cei"] or 0) * 100,
        "spark": charts.sparkline(
            f"trend-{each.slug}-{each.currency}",
            title=f"Overdue at {each.name} by month, now {shown.money(each.overdue_minor, each.currency)}",
            values=points,
        ),
    }


def _days(each: Standing, name: str) -> str:
    value = each.figures.get(name)
    return "–" if value is None else f"{float(value):,.1f}"
