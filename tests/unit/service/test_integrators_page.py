"""Every example of the integrators' page does what the page says, in the order of the page."""

import json
import re
from pathlib import Path

from tests.cast import engage
from tests.guard.tree import ROOT

PAGE = Path(ROOT, "docs", "integrators", "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(http|json)\n(.*?)```", re.DOTALL)
ANYTHING = "…"


def examples():
    """Pairs of a request and what is said about its answer."""
    blocks = BLOCK.findall(PAGE)
    assert [kind for kind, _ in blocks] == ["http", "json"] * (len(blocks) // 2)
    return list(zip([text for _, text in blocks[::2]], [text for _, text in blocks[1::2]], strict=True))


def filled(text, known):
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def differences(told, given, at=""):
    """Where an answer is not as it is told; an answer may say more."""
    if told == ANYTHING:
        return [] if given is not None else [f"{at}: nothing"]
    if isinstance(told, dict) and isinstance(given, dict):
        return [each for key in told for each in differences(told[key], given.get(key, ANYTHING), f"{at}/{key}")]
    if isinstance(told, list) and isinstance(given, list) and len(told) == len(given):
        return [
            each for n, pair in enumerate(zip(told, given, strict=True)) for each in differences(*pair, f"{at}/{n}")
        ]
    return [] if told == given else [f"{at}: {given!r}, not {told!r}"]


def test_every_example_of_the_page_is_true(as_, alder):
    marek = as_(engage("Marek Novak", (alder, "specialist_manager")))
    known = {"client": marek.get("~/whoami").json["clients"][0]["slug"]}
    for asked, told in examples():
        head, _, body = filled(asked, known).partition("\n\n")
        method, path = head.split()
        answer = marek.send(method, path, **({"json": json.loads(body)} if body.strip() else {}))
        assert differences(json.loads(filled(told, known)), answer.json) == [], answer.text
        made = answer.json.get("id", "")
        known[made.partition("_")[0]] = made


def test_the_page_is_short_and_every_example_is_run():
    assert PAGE.count("```http") == len(examples()) >= 8
    assert PAGE.count("\n") < 200
