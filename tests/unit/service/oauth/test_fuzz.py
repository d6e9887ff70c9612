"""Tokens, assertions and proofs that were broken at random: none is believed, and none breaks the server.

GOODTERMS_FULL=1 tries fifty thousand, in parts of two thousand.
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.service.oauth.desk import ISSUER, Desk, b64, new_key, opened, signed, unsigned

TRIES, PARTS = (2_000, 25) if os.environ.get("GOODTERMS_FULL") == "1" else (600, 1)
ODD: list[Any] = [
    None,
    "",
    0,
    -1,
    2**63,
    1.5,
    True,
    [],
    {},
    [[]],
    {"a": {"b": []}},
    "x" * 300,
    "é",
    "\x00",
    "at+jwt",
    "ES256",
]
LETTERS = "ABCabc019-_.=+/ \t\n\x00é%"


def letters(dice: random.Random, text: str) -> str:
    """Some letters taken out, put in, exchanged or repeated."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.choice((0, 1, 1, 2, 40)))
        text = text[:at] + dice.choice(("", dice.choice(LETTERS), text[:5], text[at:end] * 2)) + text[end:]
    return text


def bits(dice: random.Random, text: str) -> str:
    """One letter exchanged for another of the same alphabet."""
    at = dice.randrange(len(text))
    other = dice.choice([each for each in "ABCDEFGHabcdefgh0123456789-_" if each != text[at]])
    return text[:at] + other + text[at + 1 :]


def claims(dice: random.Random, text: str) -> str:
    """Other claims or headers under the old signature, or under one of a stranger."""
    header, said = opened(text)
    for _ in range(dice.randint(1, 3)):
        target = dice.choice((header, said))
        name = dice.choice([*target, "crit", "jwk", "jku", "kid", "aud", "scope", "cnf", "sub"])
        target[name] = dice.choice(ODD)
    if dice.random() < 0.2 and header.get("alg") == "ES256":
        return signed(header, said, new_key())
    return unsigned(header, said, b"x" * dice.choice((0, 32, 63, 64, 65)))


def parts(dice: random.Random, text: str) -> str:
    """Parts exchanged, doubled, left out, or made of something else."""
    pieces = text.split(".")
    dice.shuffle(pieces)
    pieces = pieces[: dice.randint(0, 3)] + [
        b64(json.dumps(dice.choice(ODD)).encode()) for _ in range(dice.randint(0, 3))
    ]
    return ".".join(pieces)


BREAKS: list[Callable[[random.Random, str], str]] = [letters, bits, claims, parts]


def broken(dice: random.Random, text: str) -> str:
    """The text, broken in one way or in several; never as it was."""
    made = dice.choice(BREAKS)(dice, text)
    while header_of(made).strip() == text:  # what a header loses on its way was no change
        made = letters(dice, text)
    return made


def header_of(text: str) -> str:
    """A text as a header can carry it."""
    return text.replace("\n", "").replace("\r", "").encode().decode("latin-1")


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_broken_is_believed_and_nothing_breaks_the_server(machine: Desk, part: int):
    dice = random.Random(20261120 + part)
    token, answers = machine.token().json["access_token"], []
    for turn in range(TRIES):
        kind = turn % 3
        if kind == 0:
            words = {"Authorization": header_of(f"{dice.choice(('DPoP', 'Bearer', ''))} {broken(dice, token)}")}
            words["DPoP"] = machine.proof("GET", f"{ISSUER}/api/v1/whoami", token=token) if turn % 2 else "x"
            answer = machine.web.get("/api/v1/whoami", headers=words)
        else:
            assertion, proof = machine.assertion(), machine.proof("POST", f"{ISSUER}/oauth/token")
            form = {
                "grant_type": "client_credentials",
                "client_assertion": assertion if kind == 1 else broken(dice, assertion),
            }
            sent = header_of(broken(dice, proof)) if kind == 1 else proof
            answer = machine.ask("/oauth/token", form, proof=sent)
        answers.append(answer.status_code)
    assert len(answers) == TRIES and set(answers) <= {400, 401}, {each: answers.count(each) for each in set(answers)}
