"""Lists are leafed through by cursor: no row twice, none left out, and a cursor opens its own list only."""

import re
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from service import cursors
from service.pages import people
from tenants.directory import access_grants
from tenants.ledger import invoices
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.factories import a_debtor, a_payment, an_invoice
from tests.factories.ledger import books_of

NEXT = re.compile(r'rel="next" href="([^"]+)"')


@pytest.fixture
def browser(as_, specialist):
    return as_(specialist)


@pytest.fixture
def base(browser, alder):
    """The address of Alder, by its public id."""
    clients = {client["name"]: client["id"] for client in browser.get("~/whoami").json["clients"]}
    return f"~/tenants/{clients['Alder Tools GmbH']}"


def leaf(browser, path, *, limit) -> list[dict]:
    """Every row of a list, a page at a time."""
    rows, cursor = [], None
    while True:
        mark = "&" if "?" in path else "?"
        answer: TestResponse = browser.get(f"{path}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.text
        rows += answer.json["items"]
        cursor = answer.json["next"]
        assert answer.json["has_more"] == (cursor is not None)
        if cursor is None:
            return rows
        assert len(answer.json["items"]) == limit


@pytest.mark.parametrize("order", ["due_on", "-due_on", "issued_on", "-issued_on"])
def test_invoices_that_share_a_day_come_once_each_in_every_order(browser, base, alder, order):
    debtor = a_debtor(alder)
    made = {str(number): an_invoice(alder, debtor, number=str(number), late=number // 3) for number in range(7)}
    rows = leaf(browser, f"{base}/invoices?order={order}", limit=2)
    assert sorted(row["number"] for row in rows) == sorted(made)
    days = [row[order.removeprefix("-")] for row in rows]
    assert days == sorted(days, reverse=order.startswith("-"))


def test_a_row_that_comes_meanwhile_moves_no_page(browser, base, alder):
    debtor = a_debtor(alder)
    for number in range(4):
        an_invoice(alder, debtor, number=f"N-{number}", issued_on=TODAY - timedelta(days=number), due_on=TODAY)
    first = browser.get(f"{base}/invoices?limit=2").json
    an_invoice(alder, debtor, number="N-new", issued_on=TODAY, due_on=TODAY)
    second = browser.get(f"{base}/invoices?limit=2&cursor={first['next']}").json
    assert [row["number"] for row in first["items"] + second["items"]] == ["N-0", "N-1", "N-2", "N-3"]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("", {"open", "late", "part", "paid", "void"}),
        ("standing=open", {"open", "late", "part"}),
        ("standing=overdue", {"late"}),
        ("standing=settled", {"paid"}),
        ("standing=void", {"void"}),
        ("number=late", {"late"}),
        ("currency=USD", set()),
        ("delivery=bounced", set()),
        ("due_from=2026-11-20&due_to=2026-11-20", {"part", "paid", "void"}),
    ],
)
def test_invoices_are_found_by_standing_day_and_number(browser, base, alder, asked, numbers):
    debtor = a_debtor(alder)
    made = {
        name: an_invoice(alder, debtor, number=name, late={"late": 5, "open": -5}.get(name, 0))
        for name in ("open", "late", "part", "paid", "void")
    }
    a_payment(alder, debtor, amount=150_00, parts=[(made["part"], 50_00), (made["paid"], 100_00)])
    with books_of(alder):
        invoices.void(made["void"], on=TODAY, now=NOW, reason="Billed twice")
    found = browser.get(f"{base}/invoices?{asked}").json["items"]
    assert {row["number"] for row in found} == numbers
    told = {row["number"]: row["standing"] for row in found}
    words = {"open": "open", "late": "open", "part": "part-paid", "paid": "settled", "void": "void"}
    assert told == {name: words[name] for name in told}


def test_debtors_are_found_by_group_number_and_name(browser, base, alder):
    a_debtor(alder, number="100", name="Marigold Stores", groups=["key", "north"])
    a_debtor(alder, number="101", name="Dune Garden", groups=["north"])
    a_debtor(alder, number="200", name="100 % Glass")

    def numbers(asked):
        return [row["number"] for row in leaf(browser, f"{base}/debtors?{asked}", limit=1)]

    assert numbers("") == ["100", "101", "200"]
    assert numbers("group=north") == ["100", "101"]
    assert numbers("words=garden") == ["101"]
    assert numbers("words=10") == ["100", "101", "200"]
    assert numbers("words=100 %25") == ["200"]
    assert browser.get(f"{base}/debtors?words=marigold").json["items"][0]["groups"] == ["key", "north"]


def test_payments_with_something_left_come_newest_first(browser, base, alder):
    debtor = a_debtor(alder)
    spent = an_invoice(alder, debtor, amount=10_00)
    for day in range(3):
        a_payment(alder, debtor, amount=10_00, on=TODAY - timedelta(days=day), reference=f"R-{day}")
    a_payment(alder, debtor, amount=10_00, reference="spent", parts=[(spent, 10_00)])
    left = leaf(browser, f"{base}/payments?unapplied=true", limit=2)
    assert [row["reference"] for row in left] == ["R-0", "R-1", "R-2"]
    assert len(leaf(browser, f"{base}/payments", limit=3)) == 4


def test_a_cursor_opens_no_other_list_no_other_filter_and_no_other_client(browser, base, alder, birch):
    debtor = a_debtor(alder)
    for number in range(3):
        an_invoice(alder, debtor, number=f"N-{number}")
        a_payment(alder, debtor)
    cursor = browser.get(f"{base}/invoices?limit=1").json["next"]
    others = [client["id"] for client in browser.get("~/whoami").json["clients"] if client["name"].startswith("Birch")]
    for path in (
        f"{base}/payments?limit=1&cursor={cursor}",
        f"{base}/invoices?standing=open&cursor={cursor}",
        f"~/tenants/{others[0]}/invoices?cursor={cursor}",
        f"{base}/invoices?cursor={cursor[:-2]}xx",
        f"{base}/invoices?cursor=nonsense",
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer.json["code"]) == (422, "bad_cursor"), path
    assert browser.get(f"{base}/invoices?limit=2&cursor={cursor}").status_code == 200


def test_a_page_has_at_most_two_hundred_rows(browser, base):
    for limit in ("0", "201", "-1", "many"):
        answer = browser.get(f"{base}/invoices?limit={limit}")
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/limit")


def test_a_cursor_tells_its_purpose_and_no_cursor_is_the_first_page(web):
    with web.app_context():
        assert cursors.read("a", cursors.write("a", [1, "x"])) == [1, "x"]
        assert cursors.read("a", "") is None and cursors.read("a", None) is None
        assert cursors.write("a", None) is None
        with pytest.raises(cursors.BadCursor):
            cursors.read("b", cursors.write("a", [1, "x"]))


def test_visits_and_what_waits_for_a_second_person_are_leafed_through_whole(as_, alder_admin, alder_world):
    with alder_world.books():
        person = ids.new()
        for n in range(3):
            asked = access_grants.ask(
                person, name="P", email="p@people.test", reason=f"A customer called, {n}", now=NOW
            )
        access_grants.decide(asked, allow=True, by=ids.new(), by_name="Marek", now=NOW)
        for n in range(5):
            access_grants.note_visit(person, method="GET", route="/x", path=f"/x/{n}", request_id="r", now=NOW)
    for _ in range(2):
        alder_world.forgo_request()
        alder_world.approval()
    toni, base = as_(alder_admin), f"~/tenants/{alder_world.slug}"
    for path, least in (("access-grants", 4), ("approvals", 3), ("write-off-requests", 3)):
        rows = [each["id"] for each in leaf(toni, f"{base}/{path}", limit=2)]
        assert len(rows) == len(set(rows)) >= least, path
    looks = leaf(toni, f"{base}/access-grants/{ids.show('agr', asked)}/visits", limit=2)
    assert sorted(each["path"] for each in looks) == [f"/x/{n}" for n in range(5)]


def test_the_page_of_visits_goes_on(as_, alder_admin, alder_world, monkeypatch):
    monkeypatch.setattr(people, "PAGE", 2)
    monkeypatch.setattr(people, "LOOKS", 1)
    with alder_world.books():
        person = ids.new()
        for n in range(3):
            asked = access_grants.ask(person, name="P", email="p@people.test", reason=f"A customer called {n}", now=NOW)
        access_grants.decide(asked, allow=True, by=ids.new(), by_name="Marek", now=NOW)
        for n in range(2):
            access_grants.note_visit(person, method="GET", route="/x", path=f"/x/{n}", request_id="r", now=NOW)
    toni, seen = as_(alder_admin).client, []
    for start in (f"/c/{alder_world.slug}/access", f"/c/{alder_world.slug}/access/{ids.show('agr', asked)}"):
        page = toni.get(start).text
        seen.append(page + toni.get(unescape(NEXT.search(page)[1])).text)
    assert (
        "A customer called 2" in seen[0]
        and "A customer called 0" in seen[0]
        and "/x/0" in seen[1]
        and "/x/1" in seen[1]
    )
    assert toni.get(f"/c/{alder_world.slug}/access?after=x").status_code == 422
