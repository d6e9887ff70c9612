"""`networks`: which networks are known to be machines', made from the lists that their owners publish."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from console.faults import USAGE, CannotRun
from console.talk import answer
from tenants.delivery import networks
from tenants.delivery.networks import BadList, Network

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("networks")
def command() -> None:
    """Networks from which machines fetch what stands in mail."""


@command.command("make")
@click.option("--apple", multiple=True, type=FILE, help="Apple's list of the ways out of its relay (CSV).")
@click.option("--cloud", multiple=True, type=FILE, help="A cloud's list: JSON of Amazon, Google or Microsoft, or text.")
@click.option("--security", multiple=True, type=FILE, help="A gateway's list: one network a line.")
@click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="The day of the lists; today when left out.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write the file.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def make(
    apple: tuple[Path, ...],
    cloud: tuple[Path, ...],
    security: tuple[Path, ...],
    as_of: datetime | None,
    out: Path,
    as_json: bool,
) -> None:
    """Draw published lists together into the file that GOODTERMS_NETWORKS names.

    What no list is given for is taken from the small one that is kept here. After the restart the hits of before are
    judged again within a day, or at once by `goodterms evidence rescore`.
    """
    given = {networks.APPLE: apple, networks.CLOUD: cloud, networks.SECURITY: security}
    if not any(given.values()):
        raise CannotRun("Name at least one list: --apple, --cloud or --security.", code=USAGE)
    found = [(kind, each) for kind, files in given.items() for file in files for each in _networks_of(file)]
    kept = networks.SHIPPED.read_text("utf-8")
    found += [(kind, each) for kind, each in networks.entries(kept) if not given[kind]]
    text = networks.written(found, as_of=(as_of or datetime.now(UTC)).date())
    out.write_text(text, "utf-8")
    made = networks.read(text)
    lines = dict(sorted(Counter(line.split()[0] for line in text.splitlines()[1:]).items()))
    answer({"file": str(out), "as_of": made.as_of.isoformat(), "edition": made.edition, **lines}, as_json=as_json)


def _networks_of(file: Path) -> Iterator[Network]:
    try:
        yield from networks.published(file.read_text("utf-8"))
    except (BadList, OSError, UnicodeDecodeError) as fault:
        raise CannotRun(f"{file}: {fault}", code=USAGE) from None
