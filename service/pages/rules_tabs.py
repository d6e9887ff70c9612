"""The ways between the pages on which a client shapes its own automation."""

from flask import url_for

from service.pages import frame
from tenants.directory.access import VisibleClient

TABS = (
    ("rules", "Rules", "rules.read", "rules.list_page"),
    ("ladders", "Reminder ladder", "rules.read", "ladders.ladder_page"),
    ("wordings", "Message texts", "rules.read", "wordings.list_page"),
    ("conduct", "Contact policy", "settings.read", "conduct.policy_page"),
    ("letterhead", "Letterhead", "settings.read", "letterhead.letterhead_page"),
    ("pools", "Pools", "people.read", "pools.list_page"),
    ("going_live", "Going live", "rules.read", "going_live.list_page"),
)


def of(client: VisibleClient) -> list[tuple[str, str, str]]:
    """The pages that the caller may open: key, title and address of each."""
    caller = frame.signed_in()
    return [
        (key, title, url_for(name, client=client.slug)) for key, title, need, name in TABS if caller.may(need, client)
    ]
