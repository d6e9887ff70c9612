"""Answers from the network: what the customer says, what only its access point says, and what is no answer."""

import os
from pathlib import Path

import pytest

from tenants.delivery.einvoices import responses
from tenants.delivery.einvoices.responses import NotAResponse

INVOICE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
MESSAGE_LEVEL = "urn:fdc:peppol.eu:poacc:trns:mlr:3"


def answer(*, code="AP", about="A-1", kind=INVOICE_RESPONSE, status=""):
    return f"""<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
      xmlns:cac="{responses.SPACES["cac"]}" xmlns:cbc="{responses.SPACES["cbc"]}">
      <cbc:CustomizationID>{kind}</cbc:CustomizationID><cbc:ID>R-1</cbc:ID>
      <cac:DocumentResponse><cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode>{status}</cac:Response>
      <cac:DocumentReference><cbc:ID>{about}</cbc:ID></cac:DocumentReference></cac:DocumentResponse>
    </ApplicationResponse>""".encode()


@pytest.mark.parametrize("code", sorted(responses.WORDS))
def test_the_customers_own_word_is_the_strongest_sign(code):
    found = responses.read(answer(code=code))
    assert (found.level, found.about, found.reference) == (7, "A-1", "R-1")
    assert found.incomplete is (code in ("CA", "UQ", "RE"))


@pytest.mark.parametrize(("code", "level"), [("AB", 2), ("AP", 2), ("RE", 0)])
def test_a_message_level_answer_speaks_for_the_access_point_alone(code, level):
    assert responses.read(answer(code=code, kind=MESSAGE_LEVEL)).level == level


def test_a_rejection_with_its_reason_is_complete():
    status = "<cac:Status><cbc:StatusReasonCode>REF</cbc:StatusReasonCode></cac:Status>"
    found = responses.read(answer(code="RE", status=status))
    assert (found.reasons, found.incomplete) == (("REF",), False)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"nothing", "not XML"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b"<a/>", "not an ApplicationResponse"),
        (b" " * (responses.LARGEST + 1), "smaller than"),
        (answer(code="XX"), "no response code"),
        (answer(code="IP", kind=MESSAGE_LEVEL), "no response code"),
        (answer(about=""), "which document"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(body, said):
    with pytest.raises(NotAResponse, match=said):
        responses.read(body)


def test_the_published_examples_are_read():
    root = Path(os.environ.get("GOODTERMS_SHARED") or Path(__file__).parents[5] / "shared")
    folder = root / "data" / "einvoice" / "peppol-responses"
    if not folder.is_dir():
        pytest.skip("the published answers are not here: set GOODTERMS_SHARED to the folder that holds data/")
    found = {file.name: responses.read(file.read_bytes()) for file in sorted(folder.glob("*.xml"))}
    assert {response.code for response in found.values()} <= set(responses.WORDS)
    assert all(not response.incomplete for response in found.values())
