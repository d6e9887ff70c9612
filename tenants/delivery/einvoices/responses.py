"""Decides what an answer from the network proves: the customer's own words (Invoice Response) are the strongest sign
there is, a message level answer only says that its access point has it or refused it.

CA, UQ and RE must say why; an answer without its clarification is kept and named as incomplete.
"""

from dataclasses import dataclass

from lxml import etree

from tenants.values.faults import Refusal

CUSTOMER, ACCESS_POINT = "customer", "access_point"
LARGEST = 1 << 20
NEEDS_WHY = frozenset({"CA", "UQ", "RE"})
WORDS = {
    "AB": "has it on the desk",
    "IP": "is working on it",
    "UQ": "has a question",
    "CA": "accepts it under a condition",
    "RE": "rejects it",
    "AP": "accepts it",
    "PD": "has started payment",
}
MEANS = {"AB": 2, "AP": 2, "RE": 0}
"""The level of evidence of a message level answer."""
SPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
ROOT = "{urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2}ApplicationResponse"


class NotAResponse(Refusal):
    """The file is no answer that this reads."""

    code = "not_a_response"
    remedy = "Send the ApplicationResponse as the access point gave it."


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: who gave it, the code, the reasons, and the invoice or transmission that it is about."""

    source: str
    code: str
    about: str
    reference: str
    reasons: tuple[str, ...]

    @property
    def level(self) -> int:
        """The evidence that it is: 7 from the customer, 2 or 0 from an access point."""
        return 7 if self.source == CUSTOMER else MEANS[self.code]

    @property
    def said(self) -> str:
        """The code in words."""
        if self.source == CUSTOMER:
            return WORDS[self.code]
        return "its access point refuses it" if self.code == "RE" else "its access point has it"

    @property
    def incomplete(self) -> bool:
        """Whether a clarification is missing that the network demands."""
        return self.source == CUSTOMER and self.code in NEEDS_WHY and not self.reasons


def read(body: bytes) -> Response:
    """Read one ApplicationResponse. Raises NotAResponse, naming what is wrong with it."""
    root = _root(body)
    transaction = _text(root, "cbc:CustomizationID")
    answer = root.find("cac:DocumentResponse", SPACES)
    code = _text(answer, "cac:Response/cbc:ResponseCode") if answer is not None else ""
    source = CUSTOMER if "invoice_response" in transaction else ACCESS_POINT
    if answer is None or code not in (WORDS if source == CUSTOMER else MEANS):
        raise NotAResponse(f"“{code[:20]}” is no response code of this kind of answer.", pointer="/ResponseCode")
    about = _text(answer, "cac:DocumentReference/cbc:ID")
    if not about:
        raise NotAResponse("It does not say which document it is about.", pointer="/DocumentReference/ID")
    return Response(source, code, about, _text(root, "cbc:ID"), tuple(_reasons(answer)))


def _root(body: bytes) -> etree._Element:
    if len(body) > LARGEST:
        raise NotAResponse(f"It has {len(body)} bytes, and answers are smaller than {LARGEST}.")
    if b"<!DOCTYPE" in body:
        raise NotAResponse("It brings a document type, which an answer never needs.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise NotAResponse(f"It is not XML: {fault.msg}") from fault
    if root.tag != ROOT:
        raise NotAResponse(f"It is a {etree.QName(root).localname}, not an ApplicationResponse.")
    return root


def _reasons(answer: etree._Element) -> list[str]:
    found = []
    for status in answer.findall("cac:Response/cac:Status", SPACES):
        said = _text(status, "cbc:StatusReason") or _text(status, "cbc:StatusReasonCode")
        if said:
            found.append(said)
    for line in answer.findall("cac:LineResponse/cac:Response", SPACES):
        if said := _text(line, "cbc:Description"):
            found.append(said)
    return found


def _text(place: etree._Element, path: str) -> str:
    return (place.findtext(path, "", SPACES) or "").strip()
