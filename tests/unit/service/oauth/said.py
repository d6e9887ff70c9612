"""How the tests say that an answer is the refusal that was meant."""

from werkzeug.test import TestResponse

WRONG_ADDRESSES = ["https://app.alder.test/back/", "https://app.alder.test/Back", "https://evil.test/back"]


def refused(answer: TestResponse, *codes: str, status: int = 400) -> None:
    """One of the codes that fit, and nothing else."""
    assert answer.status_code == status and answer.json["error"] in codes, answer.text
