"""Decides what a browser holds once its person has proved more than before: another token, and another proof of our
pages, in the place of those it had.

Whoever copied the token before is out in the moment in which it would have opened more. The session stays the same to
its person: when it began, how long it lasts, and which apps it let in.
"""

import secrets
from datetime import datetime

from tenants import store
from tenants.directory import oauth_grants
from tenants.directory.sessions import SignedIn, hash_of

RENEW = """
UPDATE identity.browser_session SET id_hash = :fresh, csrf_token = :csrf, proved_at = :now, seen_at = :now
WHERE id_hash = :before AND ended_at IS NULL AND expires_at > :now RETURNING person_id, expires_at, is_kept
"""
KEPT = "SELECT coalesce(bool_or(is_kept), false) FROM identity.browser_session WHERE id_hash = :id_hash"


def renew(id_hash: bytes, *, now: datetime) -> SignedIn | None:
    """Give the session a new token and remember the proof; None for one that is over, or was renewed meanwhile."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    row = store.run_identity(RENEW, before=id_hash, fresh=hash_of(token), csrf=csrf, now=now).one_or_none()
    if row is None:
        return None
    oauth_grants.follow_session(id_hash, fresh=hash_of(token), person_id=row.person_id)
    return SignedIn(token, csrf, row.person_id, row.expires_at, is_kept=row.is_kept)


def is_kept(id_hash: bytes) -> bool:
    """Whether the person of this session called the device theirs."""
    return bool(store.run_identity(KEPT, id_hash=id_hash).scalar_one())
