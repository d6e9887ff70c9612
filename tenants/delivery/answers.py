"""Decides how the mail server's answer outlives the process that heard it, until it is settled.

The answer is kept beside the documents the moment it is heard, outside any transaction. So a process that dies, or a
database that is away, between the answer and its settling costs nothing: the next worker finds the answer and settles
it. Only who dies during the call itself leaves an attempt of which nobody knows.
"""

import json
from uuid import UUID

from tenants.delivery.facts import Outgoing
from tenants.delivery.ports import Answer, DocumentStore, Handover


def keep(mail: Outgoing, answer: Answer, *, said: dict[str, str], documents_in: DocumentStore) -> None:
    """Keep one answer with what the mail said; a store that is away is no reason to lose the answer in hand."""
    heard = {"end": answer.end, "reference": answer.reference, "detail": answer.detail, "bounce": answer.bounce}
    body = json.dumps({"answer": heard, "said": said}).encode()
    try:
        documents_in.put(_key(mail), body, media_type="application/json")
    except OSError:
        return


def recall(mail: Outgoing, *, documents_in: DocumentStore) -> tuple[Answer, dict[str, str]]:
    """The answer that an interrupted attempt got, or that nobody knows it."""
    try:
        kept = json.loads(documents_in.get(_key(mail)))
    except (KeyError, OSError, ValueError):
        return Answer(Handover.AMBIGUOUS, detail="interrupted during the call"), _written(mail, documents_in)
    heard = kept["answer"]
    return Answer(Handover(heard["end"]), heard["reference"], heard["detail"], heard["bounce"]), kept["said"]


def _written(mail: Outgoing, documents_in: DocumentStore) -> dict[str, str]:
    """What the mail said, if it was written before the interruption."""
    key = content_key(mail)
    try:
        return {"subject": json.loads(documents_in.get(key))["subject"], "content_key": key}
    except (KeyError, OSError, ValueError):
        return {}


def content_key(mail: Outgoing) -> str:
    """Where the words of this attempt are kept."""
    return f"{mail.tenant_id}/messages/{mail.message_id}-{mail.attempt_no}.json"


def _key(mail: Outgoing) -> str:
    return f"{mail.tenant_id}/messages/{mail.message_id}-{mail.attempt_no}-{_short(mail.attempt_id)}.answer"


def _short(attempt_id: UUID) -> str:
    return attempt_id.hex[-8:]
