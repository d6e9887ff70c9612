"""`alerts`: whether the alarm about falling open rates can be trusted, shown on campaigns whose truth is known."""

from dataclasses import asdict

import click

from console.faults import FAILED
from console.talk import answer
from tenants.collections.watch import simulation

MOST_FALSE = 0.005
LEAST_FOUND = 0.60
AT = 200


@click.group("alerts")
def command() -> None:
    """Alerts about sending that looks broken.

    \b
    ./goodterms alerts simulate
    ./goodterms alerts simulate --checks 2000 --json
    """


@command.command("simulate")
@click.option("--checks", default=10_000, show_default=True, help="Healthy and broken campaigns per size of mailing.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same campaigns.")
@click.option("--spread", default=simulation.SPREAD, show_default=True, help="How much healthy campaigns differ.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def simulate(checks: int, seed: int, spread: float, as_json: bool) -> int:
    """Judge made-up campaigns by the code that judges real ones: how often it cries wolf, how often it sees one."""
    found = list(simulation.run(checks=checks, seed=seed, spread=spread))
    held = all(each.false_alarms <= MOST_FALSE for each in found)
    held = held and all(each.found >= LEAST_FOUND for each in found if each.n == AT)
    if as_json:
        answer({"campaigns": [asdict(each) for each in found], "pass": held}, as_json=True)
    else:
        click.echo(f"{'n':>6} {'false alarms':>13} {'falls found':>12}")
        for each in found:
            click.echo(f"{each.n:>6} {each.false_alarms:>12.2%} {each.found:>12.1%}")
        click.echo(
            f"Healthy rate {simulation.HEALTHY:.0%} with a spread of {spread:.0%}, fallen rate {simulation.FALLEN:.0%}."
        )
    return 0 if held else FAILED
