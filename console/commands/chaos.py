"""`chaos`: break things on purpose, and count what was lost."""

import click

from console.faults import FAILED
from console.talk import answer


@click.group("chaos")
def command() -> None:
    """Break things on purpose, on servers of its own, and count what was lost."""


@command.command("send")
@click.option("--messages", default=2000, show_default=True, help="How many mails to send.")
@click.option("--kills", default=200, show_default=True, help="How many processes to kill meanwhile.")
@click.option("--faults", default=0.3, show_default=True, help="The share of calls at which the provider fails.")
@click.option("--seed", default=1, show_default=True, help="The dice.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def send(messages: int, kills: int, faults: float, seed: int, as_json: bool) -> int:
    """Send mails by a failing provider while workers, dispatchers and mailroom are killed; nothing may be lost or
    doubled."""
    from console.chaos import sending

    found = sending.run(sending.Plan(messages, kills, faults, seed))
    good = sending.sound(found)
    answer(found | {"pass": good}, as_json=as_json)
    return 0 if good else FAILED
