"""Decides what a rule may ask about a segment: all invoices of a country, a language, a channel or a group within a
window of days, or of the whole client.
"""

from tenants.rules.field import Field, Kind
from tenants.rules.phrases import Phrase, instant, share_of

GROUP_BY = {
    "customer.country": "country",
    "customer.language": "language",
    "customer.delivery_channel": "channel",
    "customer.groups": "group",
}
"""What a rule may group by, and how one of them is called; without it the segment is the whole client."""


def _rate(key: str, sql: str, of: str) -> Field:
    return Field(f"segment.{key}", Kind.SHARE, sql, share_of(of), as_of=True)


SEGMENT_FIELDS = (
    Field(
        "segment.delivered",
        Kind.NUMBER,
        "s.delivered",
        {
            "gte": Phrase("had {v} or more invoices delivered", "had fewer than {v} invoices delivered"),
            "lt": Phrase("had fewer than {v} invoices delivered", "had {v} or more invoices delivered"),
        },
        as_of=True,
    ),
    _rate("seen_rate", "round(CAST(s.seen AS numeric) / NULLIF(s.delivered, 0), 4)", "of them seen"),
    _rate("reply_rate", "round(CAST(s.replied AS numeric) / NULLIF(s.delivered, 0), 4)", "of them answered"),
    _rate(
        "bounce_rate",
        "round(CAST(s.bounced AS numeric) / NULLIF(s.delivered + s.bounced, 0), 4)",
        "of its mail come back",
    ),
    _rate(
        "paid_within_terms",
        "round(CAST(s.in_time AS numeric) / NULLIF(s.settled, 0), 4)",
        "of its settled invoices paid in time",
    ),
    Field(
        "segment.last_import_at",
        Kind.INSTANT,
        "feed.loaded_at",
        instant(
            "had its last ledger file",
            "did not have its last ledger file",
            has="has had a ledger file",
            never="has never had a ledger file",
        ),
        joins=frozenset({"feed"}),
        as_of=True,
    ),
)
