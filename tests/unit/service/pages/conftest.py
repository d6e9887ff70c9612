"""Reading pages as a person does: by their words, their links and their forms."""

import re
from collections.abc import Callable
from html import unescape

import pytest

TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]+>", re.DOTALL)


@pytest.fixture
def words() -> Callable[..., str]:
    """What a page says, without its tags."""

    def read(answer) -> str:
        return " ".join(unescape(TAGS.sub(" ", answer.get_data(as_text=True))).replace("\u00a0", " ").split())

    return read


@pytest.fixture
def links() -> Callable[..., list[str]]:
    """The addresses that a page links to."""

    def read(answer) -> list[str]:
        return [unescape(found) for found in re.findall(r'href="([^"]+)"', answer.get_data(as_text=True))]

    return read
