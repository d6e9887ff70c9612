"""The ways between the pages about what left, how it arrived, and who is written to no more."""

from flask import url_for

from service.pages import frame
from tenants.directory.access import VisibleClient

TABS = (
    ("health", "Health", "delivery.read", "delivery.health_page"),
    ("messages", "Messages", "delivery.read", "delivery.messages_page"),
    ("addresses", "Stopped addresses", "delivery.read", "addresses.list_page"),
    ("domains", "Sending domains", "delivery.read", "sending_domains.list_page"),
    ("tracking", "Consent", "delivery.read", "consents.matrix_page"),
    ("letters", "Letters", "delivery.read", "letters.list_page"),
    ("cohorts", "Mailings", "delivery.read", "delivery.cohorts_page"),
    ("goal", "E-invoices", "insight.read", "goal.goal_page"),
)


def of(client: VisibleClient) -> list[tuple[str, str, str]]:
    """The pages that the caller may open: key, title and address of each."""
    caller = frame.signed_in()
    return [
        (key, title, url_for(name, client=client.slug)) for key, title, need, name in TABS if caller.may(need, client)
    ]


def show(template: str, client: VisibleClient, *, tab: str, **context: object) -> str:
    """One of these pages, in the frame and under its tabs."""
    return frame.show(template, section="delivery", stamp=frame.stamp(), tabs=of(client), tab=tab, **context)
