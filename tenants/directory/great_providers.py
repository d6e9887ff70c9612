"""Decides what is believed of Google and Microsoft Entra ID, who each say some things in a way of their own.

Entra has an issuer for each directory and further ones for everybody, which name nobody's directory: only a directory's
own is taken. It never says `email_verified`; where the app asks for it, it says by `xms_edov` whether the owner of the
domain was verified. Google has one issuer for everybody on earth, where anybody may register a private account under an
address of their company: only `hd`, the organisation that runs the account, says that it is the company's. To be wrong
here lets somebody in whom the client's own directory does not know, or no longer.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

GOOGLE = "https://accounts.google.com"
ENTRA = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
DIRECTORY = re.compile(r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/v2\.0", re.ASCII)
PRIVATE_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The directory in which Microsoft keeps the private accounts of everybody."""
YES = ("true", "1")
"""How Entra says yes, in a truth value, a text or a number."""


def fault_of(issuer: str) -> str:
    """Why an issuer cannot stand for one client's own people; nothing for one that can, as far as we know it."""
    parts = urlsplit(issuer)
    host, directory = parts.hostname or "", DIRECTORY.fullmatch(parts.path)
    if host in ENTRA and (directory is None or directory[1] == PRIVATE_ACCOUNTS):
        return f"Entra ID’s issuer is that of your own directory: https://{host}/ with its directory id and /v2.0."
    if host == urlsplit(GOOGLE).hostname and issuer != GOOGLE:
        return f"Google’s issuer is {GOOGLE}, without anything behind it."
    return ""


def names_of(issuer: str) -> tuple[str, ...]:
    """By which names an issuer calls itself in tokens: by its own alone; Google leaves the scheme away at times."""
    return (issuer, issuer.removeprefix("https://")) if issuer == GOOGLE else (issuer,)


def once_more(issuer: str) -> dict[str, str]:
    """How a provider is asked for a proof that is made now. Google knows no such question: there the person chooses the
    account once more."""
    return {"prompt": "select_account"} if issuer == GOOGLE else {"prompt": "login", "max_age": "0"}


def is_verified(claims: Mapping[str, Any]) -> bool:
    """Whether an address may count. Who says that it is not verified is believed; who says nothing vouches by its
    domain, which the client proved to own."""
    if "email_verified" in claims:
        return claims["email_verified"] is True
    return "xms_edov" not in claims or str(claims["xms_edov"]).lower() in YES


def organisation(claims: Mapping[str, Any]) -> str | None:
    """The domain of the organisation that runs the account, where one is told."""
    said = claims.get("hd")
    return said.lower() if isinstance(said, str) and said else None


def is_nobodys(issuer: str, claims: Mapping[str, Any]) -> bool:
    """Whether the account is run by no organisation, at a provider whose issuer says nothing of that."""
    return issuer == GOOGLE and organisation(claims) is None
