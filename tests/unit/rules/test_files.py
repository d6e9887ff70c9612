"""Rules as files: linted without a database, exported and taken back byte for byte, in the name of a person with the
right to it, and never published by a file."""

import json

import pytest
from click.testing import CliRunner

from console import cli, joining
from console.commands import rules
from console.faults import CannotRun
from console.home import Home
from tenants.directory import clients
from tenants.rules import explain, files, ladders, portable, recipes, rule_book
from tenants.rules.faults import RuleUnknown
from tests.cast import NOW, engage
from tests.unit.rules.desk import OPEN, SEND, a_bill, a_customer, document, go_live, ran, rows


@pytest.fixture
def outside(database_urls, redis_url, settings, tmp_path, monkeypatch, alder):
    """The environment of a process that serves the same database."""
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", database_urls["gt_app"])
    monkeypatch.setenv("GOODTERMS_AUTH_DATABASE_URL", database_urls["gt_auth"])
    monkeypatch.setenv("GOODTERMS_REDIS_URL", redis_url)
    monkeypatch.setenv("GOODTERMS_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("GOODTERMS_DOCUMENTS", str(tmp_path / "documents"))


@pytest.fixture
def ada(alder):
    """Ada, who administers Alder's rules."""
    return engage("Ada Stein", (alder, "tenant_admin"))


@pytest.fixture
def slug(in_alder):
    with in_alder:
        return clients.profile().slug


def play(*arguments):
    return CliRunner().invoke(cli.cli, ["rules", *map(str, arguments)], standalone_mode=False)


def a_file(folder, name, written):
    file = folder / name
    file.write_text(written if isinstance(written, str) else json.dumps(written))
    return file


def test_a_file_that_is_a_rule_is_told_as_its_sentence(tmp_path):
    done = play("lint", a_file(tmp_path, "a.json", document(OPEN)))
    assert done.exit_code == 0
    assert "for each invoice that is open" in done.output


def test_every_fault_of_a_file_has_its_place_and_its_way_out(tmp_path):
    wrong = a_file(tmp_path, "a.json", document({"field": "invoice.status", "op": "like", "value": "open"}))
    spoilt, odd = tmp_path / "b.json", a_file(tmp_path, "c.json", "{")
    spoilt.write_bytes(b"\xff\xfe{}")
    done = play("lint", wrong, spoilt, odd, "--json")
    found = json.loads(done.output)
    assert done.return_value == 1
    assert found[str(wrong)]["faults"][0]["pointer"] == "/if/all/0/op"
    assert found[str(spoilt)]["faults"][0]["reason"] == "This is not UTF-8 text."
    assert "is not JSON" in found[str(odd)]["faults"][0]["reason"]
    assert "/if/all/0/op: “like” does not fit invoice.status." in play("lint", wrong).output


def test_every_recipe_comes_back_byte_for_byte_at_another_client(in_alder, in_birch):
    with in_alder:
        for name in recipes.names():
            rule_book.install(name, now=NOW)
        files = portable.export()
    assert set(files) == set(recipes.names())
    with in_birch:
        taken = portable.apply(list(files.values()), now=NOW)
        assert {each.outcome for each in taken} == {"new"}
        assert portable.export() == files
        assert {each.outcome for each in portable.apply(list(files.values()), now=NOW)} == {"same"}
        assert rule_book.live() == [], "a file publishes nothing"
    with in_alder:
        ours = {rule_book.find(name).sha256 for name in files}
    with in_birch:
        assert {rule_book.find(name).sha256 for name in files} == ours


def test_a_ladder_travels_as_a_ladder_with_whom_its_steps_name(in_alder, in_birch):
    lead = {"day": 15, "template": "Formal letter", "as": "client finance lead"}
    climbing = ladders.STANDARD | {"steps": [ladders.STANDARD["steps"][1], lead]}
    with in_alder:
        ladders.keep(climbing, now=NOW)
        texts = files.export()
        assert set(texts) == {"standard.ladder", "standard-1", "standard-2"}
        assert files.export(["standard.ladder"]) == {"standard.ladder": texts["standard.ladder"]}
        assert set(files.export(["standard-2"])) == {"standard-2"}
    with in_birch:
        assert [each.outcome for each in files.plan(list(texts.values()))] == ["new"] * 3
        assert [each.outcome for each in files.apply(list(texts.values()), now=NOW)] == ["new", "same", "same"]
        assert files.export() == texts, "byte for byte"
        assert {each.outcome for each in files.apply(list(texts.values()), now=NOW)} == {"same"}
        milder = json.dumps(climbing | {"steps": climbing["steps"][:1], "groups": ["kye"]})
        (planned,) = files.plan([milder])
        assert (planned.key, planned.outcome, planned.unknown_groups) == ("standard.ladder", "changed", ("kye",))
        assert "client finance lead" in planned.before and "client finance lead" not in planned.after
        (taken,) = files.apply([milder], now=NOW)
        assert (taken.version, taken.outcome) == (2, "changed")
        with pytest.raises(RuleUnknown):
            files.export(["nobody.ladder"])


def test_a_file_of_a_ladder_is_linted_with_its_places(tmp_path):
    file = a_file(tmp_path, "s.ladder.json", ladders.STANDARD)
    assert "in the name of the customer’s specialist" in play("lint", file).output
    wrong = a_file(tmp_path, "w.ladder.json", ladders.STANDARD | {"steps": [{"day": 0, "task": "x"}]})
    assert "/steps/0/day" in play("lint", wrong).output


def test_the_published_version_is_exported_and_not_the_draft_beside_it(in_alder):
    with in_alder:
        go_live(document(OPEN))
        rule_book.save(document(OPEN, priority=9), now=NOW)
        assert "priority" not in portable.export(["a-rule"])["a-rule"]


def test_groups_that_nobody_is_in_are_named(in_alder):
    with in_alder:
        a_customer(groups=("key",))
        asks = {"field": "customer.groups", "op": "any_of", "value": ["key", "kye"]}
        (taken,) = portable.apply([json.dumps(document(asks))], now=NOW)
        assert taken.unknown_groups == ("kye",)


@pytest.mark.usefixtures("outside")
def test_ada_exports_changes_and_applies_and_cannot_publish_it_alone(in_alder, ada, slug, tmp_path):
    with in_alder:
        rule_book.save(document(OPEN, then=[SEND]), now=NOW, worded_by="a colleague")
    whose = ("--client", slug, "--person", ada.email)
    assert play("export", tmp_path / "rules", *whose).exit_code == 0
    file = tmp_path / "rules" / "a-rule.json"
    assert "version 1     same" in play("apply", file, *whose).output
    file.write_text(file.read_text().replace('"09:00"', '"10:00"'))
    done = play("apply", file, *whose, "--json")
    assert json.loads(done.output)["a-rule"]["outcome"] == "changed"
    with in_alder:
        kept = rule_book.find("a-rule")
        assert (kept.worded_by, kept.version, kept.state) == (f"person:{ada.id}", 0, "draft")


@pytest.mark.usefixtures("outside")
def test_one_file_that_is_no_rule_keeps_the_others_out(in_alder, ada, slug, tmp_path):
    good, bad = a_file(tmp_path, "a.json", document(OPEN)), a_file(tmp_path, "b.json", "[]")
    done = play("apply", good, bad, "--client", slug, "--person", ada.email)
    assert isinstance(done.exception, CannotRun)
    assert "b.json" in str(done.exception)
    with in_alder:
        assert rows("rule") == []


@pytest.mark.usefixtures("outside")
def test_who_may_not_shape_rules_keeps_none(alder_viewer, ada, slug, birch, tmp_path):
    file = a_file(tmp_path, "a.json", document(OPEN))
    for person in (alder_viewer.email, "nobody@example.test"):
        done = play("apply", file, "--client", slug, "--person", person)
        assert (type(done.exception), done.exception.code) == (CannotRun, 4)
    assert play("export", tmp_path, "--client", "elsewhere", "--person", ada.email).exception.code == 4


@pytest.mark.usefixtures("outside")
def test_vera_tries_and_asks_why_without_changing_anything(in_alder, alder_viewer, ada, slug, tmp_path):
    whose = ("--client", slug, "--person", alder_viewer.email)
    with in_alder:
        customer = a_customer()
        acted, other = a_bill(customer), a_bill(customer, open_minor=0)
        rule = go_live(document(OPEN))
        assert ran(rule).acted == 1
        numbers = dict(rows("invoice", "id, number"))
    tried = json.loads(play("dry-run", "a-rule", *whose, "--json").output)
    assert (tried["matched"], tried["would_act"]) == (0, 0)
    draft = a_file(tmp_path, "a.json", document(OPEN))
    assert play("dry-run", draft, *whose).exception.code == 4, "only who may propose rules tries documents"
    admin = ("--client", slug, "--person", ada.email)
    assert json.loads(play("dry-run", draft, *admin, "--json").output)["sums"] == ["EUR 4,310"]
    assert "Acted on 2026-11-20" in play("explain", "a-rule", numbers[acted], *whose).output
    told = json.loads(play("explain", "a-rule", numbers[other], *whose, "--json").output)
    assert (told["acted"], told["now"]["would_act"]) == (None, False)
    assert "There is no rule" in str(play("dry-run", "no-such", *whose).exception)
    with in_alder:
        assert explain.acts(other) == []


def test_without_settings_the_running_demo_is_joined_or_missed(monkeypatch, tmp_path):
    for name in (*joining.WEB, "GOODTERMS_REDIS_URL", "GOODTERMS_SMTP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOODTERMS_HOME", str(tmp_path / "home"))
    with pytest.raises(CannotRun, match="No demo runs here"):
        joining.addresses()
    Home(tmp_path / "home").make()
    pid = tmp_path / "home" / "postgres" / "data" / "postmaster.pid"
    pid.parent.mkdir(parents=True)
    pid.write_text("1\n/data\n0\n54321\n")
    found = joining.addresses()
    assert found["GOODTERMS_DATABASE_URL"].startswith("postgresql://gt_app:")
    assert found["GOODTERMS_AUTH_DATABASE_URL"].endswith("@127.0.0.1:54321/goodterms")
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", "postgresql://one")
    with pytest.raises(CannotRun, match="Set both"):
        joining.addresses()


def test_the_group_of_commands_explains_itself():
    assert all(name in play("--help").output for name in rules.command.commands)
