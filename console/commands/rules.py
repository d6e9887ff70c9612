"""`rules`: rules as files: checked without a database, tried and explained at a client, exported and taken back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from console import joining
from console.faults import FAILED, USAGE, CannotRun
from console.talk import answer, say
from tenants.ledger import invoices
from tenants.rules import backtesting, dryrun, language, rule_book, sentence
from tenants.rules import explain as answers
from tenants.rules import files as files_of_rules
from tenants.rules.faults import RuleRefused

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
Command = Callable[..., Any]


def at_client(command_: Command) -> Command:
    """The options of everything that happens at a client."""
    for option in (
        click.option("--client", "slug", required=True, help="The client, as in its address."),
        click.option("--person", required=True, help="E-mail address of the person on whose right this happens."),
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON."),
    ):
        command_ = option(command_)
    return command_


@click.group("rules")
def command() -> None:
    """Rules and reminder ladders as files: lint, plan, apply, export; and what they do: dry-run, backtest, explain.

    \b
    ./goodterms rules lint rules/*.json
    ./goodterms rules export --client alder --person admin@alder.test rules/
    ./goodterms rules apply --client alder --person admin@alder.test rules/*.json
    """


@command.command("lint")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def lint(files: tuple[Path, ...], as_json: bool) -> int:
    """Check FILES without a database: each fault with its place, its reason and the way out; else the sentence."""
    found = {str(file): _checked(file) for file in files}
    if as_json:
        answer(found, as_json=True)
    else:
        for name, one in found.items():
            click.echo(f"{name}: {one.get('sentence', 'is no rule')}")
            for fault in one["faults"]:
                click.echo(f"  {fault['pointer'] or '(document)'}: {fault['reason']} {fault['remedy']}")
    return FAILED if any(one["faults"] for one in found.values()) else 0


@command.command("dry-run")
@click.argument("rule")
@at_client
def dry_run(rule: str, slug: str, person: str, as_json: bool) -> None:
    """Tell what RULE, a file or the key of a kept rule, would do now; nothing is changed."""
    draft = Path(rule) if Path(rule).is_file() else None
    with joining.client(slug, person=person, needs="rules.propose" if draft else "rules.read") as books:
        if draft:
            found = dryrun.count(language.read(language.parse(draft.read_text(encoding="utf-8"))), now=books.now)
        else:
            kept = rule_book.find(rule)
            found = dryrun.count(language.read(kept.document), now=books.now, rule_id=kept.id)
    told = {
        "matched": found.matched,
        "would_act": found.would_act,
        "held": found.held,
        "nobody": found.nobody,
        "stopped_by_cap": found.stopped_by_cap,
        "sums": [sentence.amount(each) for each in found.sums],
        "funnel": dict(found.funnel),
    }
    answer(told, as_json=as_json)


@command.command("plan")
@click.argument("files", nargs=-1, required=True, type=FILE)
@at_client
def plan(files: tuple[Path, ...], slug: str, person: str, as_json: bool) -> None:
    """Tell what applying FILES would change, as two sentences each; nothing is changed."""
    texts = _texts(files)
    with joining.client(slug, person=person, needs="rules.read"):
        planned = files_of_rules.plan(texts)
    if as_json:
        answer({each.key: asdict(each) for each in planned}, as_json=True)
        return
    for each in planned:
        click.echo(f"{each.key}: {each.outcome}")
        for sign, said in (("-", each.before), ("+", each.after)) if each.outcome != "same" else ():
            click.echo(f"  {sign} {said}" if said else f"  {sign} nothing")


@command.command("backtest")
@click.argument("key")
@click.option("--from", "from_on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day.")
@click.option("--to", "to_on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day, which is over.")
@at_client
def backtest(key: str, from_on: datetime, to_on: datetime, slug: str, person: str, as_json: bool) -> None:
    """Tell what the rule KEY would have done on past days; works through them here, and shows how far it has come."""
    with joining.client(slug, person=person, needs="rules.propose") as books:
        kept = rule_book.find(key)
        test = backtesting.ask(
            kept.document,
            from_on=from_on.date(),
            to_on=to_on.date(),
            today=books.today,
            now=books.now,
            real=books.real,
            rule_id=kept.id,
        )
    more = True
    while more:
        with joining.client(slug, person=person, needs="rules.propose") as books:
            more = backtesting.advance(test, now=books.now)
            found = dict(backtesting.find(test))
        say(f"{found['days_done']} of {found['days']} days")
    answer(found["result"] if as_json else {"said": found["result"]["text"]}, as_json=as_json)


@command.command("explain")
@click.argument("key")
@click.argument("invoice")
@at_client
def explain(key: str, invoice: str, slug: str, person: str, as_json: bool) -> None:
    """Tell why the rule KEY acted on INVOICE (its number) and whether it would act now."""
    with joining.client(slug, person=person, needs="rules.read") as books:
        invoice_id = invoices.numbered(invoice).id
        acted = answers.why(key, invoice_id=invoice_id)
        now = answers.why_not(key, invoice_id=invoice_id, now=books.now)
    if as_json:
        answer({"acted": asdict(acted) if acted else None, "now": asdict(now)}, as_json=True)
        return
    told = f"Acted on {acted.fired_at:%Y-%m-%d %H:%M}: {acted.text}" if acted else "It never acted on this invoice."
    click.echo(f"{told}\n{now.text}")
    for each in now.conditions:
        click.echo(f"  {'yes' if each.holds else 'no ':<3}  {each.text}")


@command.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("keys", nargs=-1)
@at_client
def export(folder: Path, keys: tuple[str, ...], slug: str, person: str, as_json: bool) -> None:
    """Write the rules and ladders of a client into FOLDER, a file each: all of them, or only KEYS (KEY.ladder)."""
    with joining.client(slug, person=person, needs="rules.read"):
        files = files_of_rules.export(keys)
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in files.items():
        (folder / f"{key}.json").write_bytes(text.encode())
    answer({key: str(folder / f"{key}.json") for key in files}, as_json=as_json)


@command.command("apply")
@click.argument("files", nargs=-1, required=True, type=FILE)
@at_client
def apply(files: tuple[Path, ...], slug: str, person: str, as_json: bool) -> None:
    """Keep FILES as drafts in the person's name, all of them or none; what is live stays live.

    Publishing is for people who sign in: a rule that writes to customers needs somebody other than its author.
    """
    texts = _texts(files)
    with joining.client(slug, person=person, needs="rules.propose") as books:
        taken = files_of_rules.apply(texts, now=books.now)
    if as_json:
        answer({each.key: asdict(each) for each in taken}, as_json=True)
        return
    for each in taken:
        click.echo(f"{each.key:<30}  version {each.version:<4}  {each.outcome}")
        if each.unknown_groups:
            say(f"{each.key}: no customer is in {', '.join(each.unknown_groups)}.")


def _texts(files: tuple[Path, ...]) -> list[str]:
    if broken := [str(file) for file in files if _checked(file)["faults"]]:
        raise CannotRun(f"No rule: {', '.join(broken)}. Ask `rules lint` what is wrong; nothing was kept.", code=USAGE)
    return [file.read_text(encoding="utf-8") for file in files]


def _checked(file: Path) -> dict[str, Any]:
    """What reading one file says, for people and for programs."""
    try:
        key, said = files_of_rules.read(file.read_text(encoding="utf-8"))
    except RuleRefused as refused:
        return {"faults": [asdict(fault) for fault in refused.faults]}
    except UnicodeDecodeError:
        remedy = {"pointer": "", "reason": "This is not UTF-8 text.", "remedy": "Save the file as UTF-8."}
        return {"faults": [remedy]}
    return {"key": key, "sentence": said, "faults": []}
