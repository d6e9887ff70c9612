"""A line of the bank that is several customers' money, divided on its page and taken back whole."""

import re

import pytest

from tenants import store
from tenants.cash import queue
from tenants.values import ids
from tests.factories import a_debtor, an_invoice

OPEN = "SELECT open_minor FROM invoice WHERE tenant_id = :tenant AND id = :id"


class Line:
    """A waiting line worth over ten thousand euros, and the invoices of two customers."""

    def __init__(self, world, browser):
        self.world, self.browser = world, browser
        self.match = world.cash_line()
        self.elm = a_debtor(world.tenant, name="Elm Street Books")
        self.oak = a_debtor(world.tenant, name="Oak Rugs", number="OAK-1")
        self.elms = an_invoice(world.tenant, self.elm, number=f"E-{self.match.hex[-6:]}", amount=400_00)
        self.oaks = an_invoice(world.tenant, self.oak, number=f"O-{self.match.hex[-6:]}", amount=300_00)
        with world.books():
            self.minor = queue.one(self.match).amount_minor
        self.path = f"/c/{world.slug}/cash/{ids.show('cmt', self.match)}"

    def post(self, step, *, customers=(), headers=None, **over):
        """The form, sent by this button."""
        said = {"csrf_token": self.browser.csrf, "customer": [ids.show("deb", each) for each in customers], **over}
        return self.browser.client.post(f"{self.path}/{step}", data=said, headers=headers or {})

    def amounts(self, **over):
        """Both invoices paid by it."""
        paid = {f"part_{ids.show('inv', self.elms)}": "400.00", f"part_{ids.show('inv', self.oaks)}": "250.00"}
        return paid | {f"reason_{ids.show('inv', self.oaks)}": "FRT", "rest": ids.show("deb", self.elm)} | over

    def open(self):
        with self.world.books():
            return [store.run(OPEN, id=each).scalar_one() for each in (self.elms, self.oaks)]

    def states(self):
        with self.world.books():
            line = queue.one(self.match)
            sql = "SELECT state FROM cash_match WHERE tenant_id = :tenant AND bank_line_id = :line ORDER BY id"
            return store.run(sql, line=line.bank_line_id).scalars().all()


@pytest.fixture
def line(alder_world, as_, specialist):
    return Line(alder_world, as_(specialist))


def test_a_line_is_split_over_two_customers_and_what_is_left_stays_on_account_of_one(line, words):
    sums = words(line.post("sums", customers=[line.elm, line.oak], **line.amounts()))
    rest = f"{(line.minor - 650_00) / 100:,.2f}"
    assert f"EUR {rest} on account" in sums and "Oak Rugs 1 invoice EUR 250.00" in sums
    assert line.open() == [400_00, 300_00]
    booked = line.post("split", customers=[line.elm, line.oak], **line.amounts())
    assert booked.status_code == 303 and booked.location.endswith("state=done")
    assert line.open() == [0, 50_00] and sorted(line.states()) == ["applied", "applied", "replaced"]
    with line.world.books():
        paid = "SELECT debtor_id, amount_minor, unapplied_minor FROM payment WHERE tenant_id = :tenant"
        found = {row[0]: tuple(row[1:]) for row in store.run(paid)}
    assert found[line.elm] == (line.minor - 250_00, line.minor - 650_00) and found[line.oak] == (250_00, 0)


def test_a_split_line_shows_its_other_shares_and_is_undone_whole(line, words, links):
    line.post("split", customers=[line.elm, line.oak], **line.amounts())
    done = line.browser.get(f"/c/{line.world.slug}/cash?state=done")
    share = next(each for each in links(done) if re.search("cash/cmt_", each))
    said = words(line.browser.get(share))
    assert "The same line also paid" in said and "all 2 shares together" in said
    undone = line.browser.client.post(f"{share}/undo", data={"csrf_token": line.browser.csrf})
    assert undone.status_code == 303 and line.open() == [400_00, 300_00]
    assert sorted(line.states()) == ["replaced", "undone", "undone", "waiting"]


def test_what_is_wrong_is_said_and_what_was_typed_comes_back(line, words):
    typed = line.amounts(**{f"part_{ids.show('inv', line.oaks)}": "300,000.00"})
    refused = line.post("split", customers=[line.elm, line.oak], **typed)
    said = words(refused)
    assert refused.status_code == 422 and 'value="300,000.00"' in refused.get_data(as_text=True)
    assert "only EUR 300.00 is open" in said and "more than the line is worth" in said
    half = line.amounts(**{f"account_{ids.show('deb', line.oak)}": "1o0"})
    assert "“1o0” on account of Oak Rugs is not an amount" in words(
        line.post("sums", customers=[line.elm, line.oak], **half)
    )
    gone = line.post("sums", customers=[line.elm], **line.amounts())
    assert "is not open any more" in words(gone)
    assert line.post("split").status_code == 422 and line.states() == ["waiting"]


def test_customers_come_into_the_form_by_their_names_and_go_out_again(line, words):
    found = words(line.post("shares", customers=[line.elm], change="find", find="oak rugs"))
    assert "Elm Street Books" in found and "Book for 2 customers" in found
    several = line.post("shares", find="o")
    assert f'value="add:{ids.show("deb", line.oak)}"' in several.get_data(as_text=True)
    added = line.post("shares", customers=[line.elm], change=f"add:{ids.show('deb', line.oak)}", find="o")
    assert "Book for 2 customers" in words(added) and 'name="find" type="search" value=""' in added.get_data(True)
    out = line.post("shares", customers=[line.elm, line.oak], change=f"drop:{ids.show('deb', line.oak)}")
    assert "Book for Elm Street Books" in words(out)
    assert "No customer is called so" in words(line.post("shares", find="zzz"))
    crowd = [a_debtor(line.world.tenant) for _ in range(20)]
    assert line.post("shares", customers=crowd, change=f"add:{ids.show('deb', line.oak)}").status_code == 422


def test_a_piece_is_swapped_in_and_nobody_of_another_client_comes_in(line, birch_world, as_, alder_viewer):
    piece = line.post("shares", customers=[line.elm], headers={"HX-Request": "true"})
    assert piece.get_data(as_text=True).lstrip().startswith('<div class="card preview"')
    assert line.post("shares", change=f"add:{ids.show('deb', birch_world.at['deb'])}").status_code == 404
    assert line.post("split", customers=[birch_world.at["deb"]]).status_code == 404
    line.browser = as_(alder_viewer)
    assert {line.post(step, customers=[line.elm]).status_code for step in ("sums", "shares", "split")} == {403}
