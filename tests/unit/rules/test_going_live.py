"""The way to live: each line of the list is computed from what is there, and what must be so cannot be skipped."""

import pytest

from tenants import store
from tenants.collections import policies, test_mode
from tenants.delivery import domains
from tenants.directory import clients, memberships
from tenants.rules import going_live, publishing, recipes, rule_book
from tenants.rules.going_live import NotReady
from tenants.values import ids
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, a_payment, an_invoice

FIRST = ["data", "sender", "policy", "people", "specialist", "rules", "dry_run"]


def lines():
    return {each.key: each for each in going_live.readiness(now=NOW).lines}


def undone():
    return [each.key for each in going_live.readiness(now=NOW).open_musts]


def let_in(role):
    person = ids.new()
    memberships.give(person, name="Mina", email=f"{person}@people.test", role=role, now=NOW)


def live(**over):
    return going_live.go_live(**{"send": True, "customers": 0, "now": NOW, "real": NOW, "reason": "Ready", **over})


def test_an_empty_client_is_told_all_that_must_be_so(in_alder):
    with in_alder:
        assert undone() == FIRST
        test_mode.enter(now=NOW, reason="We are setting up")
        with pytest.raises(NotReady, match="the ledger is in; letters say who writes"):
            live()
        assert test_mode.since() == NOW


def test_each_line_follows_what_is_there(alder, in_alder):
    reached, silent = a_debtor(alder, groups=["key"]), a_debtor(alder)
    a_contact(alder, reached)
    for each in (reached, silent):
        an_invoice(alder, each, late=12)
    with in_alder:
        found = lines()
        assert found["data"].done and "2 open invoices of 2 customers" in found["data"].found
        assert not found["addresses"].done and "1 of 2 customers" in found["addresses"].found
        assert found["groups"].done and not found["payments"].done
        assert "who signs, where answers go, where to pay" in found["sender"].found
    a_payment(alder, reached)
    with in_alder:
        assert lines()["payments"].done
        clients.change(bank_feed_at=NOW)
        assert "20 Nov 2026" in lines()["payments"].found


def test_a_domain_that_is_named_must_be_proved(in_alder):
    with in_alder:
        assert (lines()["domain"].must, lines()["domain"].done) == (False, False)
        domains.open("mail.alder.test", box="bills", now=NOW, real=NOW)
        assert (lines()["domain"].must, lines()["domain"].found) == (True, "Not proved yet: mail.alder.test.")
        store.run("UPDATE sending_domain SET state = 'proved' WHERE tenant_id = :tenant")
        assert lines()["domain"].done


def test_a_client_that_has_everything_goes_live(alder, in_alder):
    an_invoice(alder, a_debtor(alder), late=12)
    with in_alder:
        test_mode.enter(now=NOW, reason="We are setting up")
        clients.change(contact_name="Dora", contact_email="dora@alder.test", iban="DE02120300000000202051")
        policies.change({}, now=NOW, reason="As agreed")
        for role in ("tenant_admin", "tenant_admin", "specialist"):
            let_in(role)
        assert undone() == ["rules", "dry_run"]
        rule_book.install("bounced", now=NOW)
        assert undone() == ["rules", "dry_run"]
        kept = rule_book.save(recipes.find("overdue-reminder"), now=NOW, worded_by="recipe:overdue-reminder")
        publishing.try_out(kept.key, now=NOW, real=NOW)
        publishing.publish(kept.key, now=NOW, real=NOW)
        assert undone() == []
        assert live().messages == 0 and test_mode.since() is None
