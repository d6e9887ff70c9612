"""Decides which networks are known to be machines': Apple's relay, gateways that look before people do, and clouds.

The lists are data with a day, not code. A small one is kept beside this file; an operator makes a newer and fuller one
from what the owners publish. The day of a list is part of the ruleset's number, so that hits that an older list judged
are judged again. Of a reader only the network is kept, so a list is compared by whole networks too.
"""

import csv
import io
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path
from typing import Any

APPLE, SECURITY, CLOUD = KINDS = ("apple", "security", "cloud")
SHIPPED = Path(__file__).with_name("networks.txt")
FIRST_DAY = date(2026, 1, 1)
"""Lists are numbered by the weeks since; what is kept here is older and has the number 0."""
MOST_EDITIONS = 999
COARSEST = {4: 24, 6: 48}
"""What is kept of a reader: see `hits.prefix`."""
Network = IPv4Network | IPv6Network
_Ranges = tuple[tuple[int, ...], tuple[int, ...]]


class BadList(ValueError):
    """A list of networks that cannot be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The known networks, by kind and family as ranges in order; `as_of` is the day of the list."""

    as_of: date
    ranges: dict[tuple[str, int], _Ranges]

    @property
    def edition(self) -> int:
        """The number of the list among those to come."""
        return min(max((self.as_of - FIRST_DAY).days // 7 + 1, 0), MOST_EDITIONS)

    def knows(self, kind: str) -> bool:
        """Whether networks of this kind are listed at all."""
        return any(of == kind for of, _ in self.ranges)

    def of(self, network: str) -> frozenset[str]:
        """What is known of a reader's network: its kinds; nothing for an empty one."""
        if not network:
            return frozenset()
        asked = ip_network(network)
        first, last = int(asked.network_address), int(asked.broadcast_address)
        return frozenset(kind for kind in KINDS if self._meets(kind, asked.version, first, last))

    def _meets(self, kind: str, version: int, first: int, last: int) -> bool:
        starts, ends = self.ranges.get((kind, version), ((), ()))
        place = bisect_left(ends, first)
        return place < len(starts) and starts[place] <= last


NONE = Networks(date.min, {})


def read(text: str) -> Networks:
    """A list as `written` wrote it. Raises BadList."""
    marked = [line.split()[2:3] for line in text.splitlines() if line.split()[:2] == ["#", "as-of"]]
    try:
        as_of = date.fromisoformat(marked[0][0])
    except (IndexError, ValueError):
        raise BadList("no line says of which day the list is (# as-of 2026-01-31)") from None
    return Networks(as_of, _ranges(entries(text)))


def entries(text: str) -> Iterator[tuple[str, Network]]:
    """The networks of a list with their kinds. Raises BadList."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and words[0] != "#":
            try:
                kind, network = words
                yield KINDS[KINDS.index(kind)], ip_network(network)
            except ValueError:
                raise BadList(f"line {number} is no network with its kind: {line[:80]}") from None


def written(found: Iterable[tuple[str, Network]], *, as_of: date) -> str:
    """A list as a file: networks drawn together, none finer than what is kept of a reader."""
    lines = [f"# as-of {as_of.isoformat()}"]
    for (kind, _), nets in sorted(_drawn_together(found).items()):
        lines += [f"{kind} {each}" for each in nets]
    return "\n".join(lines) + "\n"


def published(text: str) -> Iterator[Network]:
    """The networks of a list as its owner publishes it: the JSON of Amazon, Google and Microsoft, Apple's CSV, or one
    network a line. Raises BadList."""
    found = list(_of_json(text) if text.lstrip()[:1] == "{" else _of_lines(text))
    if not found:
        raise BadList("no network stands in it")
    yield from found


def shipped() -> Networks:
    """The list that is kept here."""
    return read(SHIPPED.read_text("utf-8"))


def chosen(path: str) -> Networks:
    """The list of a file, or the one that is kept here where none is named. Raises BadList."""
    if not path:
        return shipped()
    try:
        return read(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise BadList(f"the list of networks cannot be read: {fault}") from None


def _of_json(text: str) -> Iterator[Network]:
    try:
        document = json.loads(text)
    except ValueError:
        raise BadList("it begins like JSON and is none") from None
    for each in _words(document):
        if "/" in each:
            try:
                yield ip_network(each, strict=False)
            except ValueError:
                continue


def _words(node: Any) -> Iterator[str]:
    """Every text of a document, without going round in it."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here


def _of_lines(text: str) -> Iterator[Network]:
    for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
        first = row[0].partition("#")[0].strip() if row else ""
        if first:
            try:
                yield ip_network(first, strict=False)
            except ValueError:
                raise BadList(f"line {number} is no network: {first[:60]}") from None


def _drawn_together(found: Iterable[tuple[str, Network]]) -> dict[tuple[str, int], list[Network]]:
    sorted_out: dict[tuple[str, int], set[Network]] = defaultdict(set)
    for kind, each in found:
        coarse = COARSEST[each.version]
        wide = each.supernet(new_prefix=coarse) if each.prefixlen > coarse else each
        sorted_out[kind, each.version].add(wide)
    return {key: list(collapse_addresses(nets)) for key, nets in sorted_out.items()}  # type: ignore[type-var]


def _ranges(found: Iterable[tuple[str, Network]]) -> dict[tuple[str, int], _Ranges]:
    drawn = _drawn_together(found)
    return {
        key: (
            tuple(int(each.network_address) for each in nets),
            tuple(int(each.broadcast_address) for each in nets),
        )
        for key, nets in drawn.items()
    }
