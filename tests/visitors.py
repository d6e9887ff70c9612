"""Who is behind a session, as the open unit sees it: a request asks outside every unit, after the commit."""

from tenants import store
from tenants.directory import sessions


def visitor_of(token, *, now):
    """The person behind a token, noted as being here; None when it opens nothing."""
    id_hash = sessions.hash_of(token)
    found = store.run_identity(sessions.FIND, id_hash=id_hash, now=now).scalar_one_or_none()
    if found is None:
        return None
    visitor, _ = sessions.read(found, id_hash)
    if sessions.is_stale(visitor, now=now):
        sessions.touch(visitor, now=now)
    return visitor
