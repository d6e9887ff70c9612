"""Pages beside the desk: the search over all clients, what rules ask of people, and work that stopped."""

import re

from tenants.directory import clients
from tenants.events import dead_letters
from tenants.values import ids
from tests.cast import engage
from tests.factories import a_debtor, an_invoice


def test_the_search_leads_to_customers_and_invoices_of_every_client(alder, birch, as_, specialist, words, links):
    an_invoice(alder, a_debtor(alder, name="Kestrel Tiles"), late=10, amount=70_00)
    an_invoice(birch, a_debtor(birch, name="Kestrel Mill"), late=10, amount=40_00, currency="GBP")
    browser = as_(specialist)
    page = browser.get("/search?q=kestrel")
    said = words(page)
    assert "Kestrel Tiles" in said and "Birch Foods Ltd" in said
    assert "/customers/deb_" in " ".join(links(page))
    assert "Nothing found" in words(browser.get("/search?q=nobody"))
    assert "at least two letters" in words(browser.get("/search?q=k"))
    one = browser.get("/api/v1/portfolio/search?q=kestrel tiles").json
    assert [each["name"] for each in one["customers"]] == ["Kestrel Tiles"] and one["more"] is False


def test_the_search_of_a_finance_team_stays_in_its_client(alder, birch, as_, alder_viewer, words):
    a_debtor(birch, name="Kestrel Mill")
    assert "Nothing found" in words(as_(alder_viewer).get("/search?q=kestrel"))


def test_a_question_is_answered_by_the_role_that_it_is_for(alder, alder_world, as_, specialist, words):
    at = f"/c/{alder_world.slug}/approvals"
    asked = as_(specialist).get(at)
    assert "decides." in words(asked) and "Yes, do it" not in words(asked)
    lead = as_(engage("Lena Ortiz", (alder, "client_approver")))
    page = lead.get(at)
    assert "Yes, do it" in words(page) and "Answer by" in words(page)
    form = re.search(rf'action="({at}/apr_[^"]+)"', page.get_data(as_text=True))[1]
    assert as_(specialist).post(form, data={"answer": "yes"}).status_code == 403
    assert lead.post(form, data={"answer": "no", "words": "Call them first"}).status_code == 303
    done = words(lead.get(at))
    assert "Nothing to decide" in done and "Call them first" in done and "No " in done
    assert lead.post(form, data={"answer": "yes"}).status_code == 409
    assert lead.get(f"{at}?after=nonsense").status_code == 422


def test_stopped_work_is_tried_again_or_dropped_with_a_reason(alder_world, as_, alder_admin, words):
    at, admin = f"/c/{alder_world.slug}/stopped-work", as_(alder_admin)
    for _ in range(2):
        alder_world.dead_letter()
    page = admin.get(at)
    assert "it broke" in words(page) and "ValueError" in words(page)
    steps = re.findall(rf'action="({at}/wrk_[^"]+)"', page.get_data(as_text=True))
    assert admin.post(steps[0], data={}).status_code == 303
    assert admin.post(steps[3], data={"reason": ""}).status_code == 422
    assert admin.post(steps[3], data={"reason": "It was a test"}).status_code == 303
    assert admin.post(f"{at}/again", data={"kind": "noop", "error_class": "ValueError"}).status_code == 303
    assert "Nothing has stopped" in words(admin.get(f"{at}?kind=noop"))
    with alder_world.books():
        assert not dead_letters.causes() and clients.profile().slug == alder_world.slug


def test_the_provider_sees_that_work_stopped_anywhere_and_tries_it_again_but_not_what_it_was_about(
    alder_world, as_, provider_admin, specialist, words
):
    at, admin = "/provider/stopped-work", as_(provider_admin)
    with alder_world.books():
        named = clients.profile()
    alder_world.dead_letter()
    page = admin.get(at)
    assert named.legal_name in words(page) and "ValueError" in words(page) and "it broke" not in words(page)
    one = f"/provider/clients/{named.public_id}/stopped-work/again"
    assert one in page.get_data(as_text=True) and as_(specialist).get(at).status_code == 403
    assert admin.post(one, data={"kind": "noop", "error_class": "ValueError"}).status_code == 303
    mine = [each for each in admin.get("/api/v1/provider/stopped-work").json["items"] if each["slug"] == named.slug]
    with alder_world.books():
        assert mine == [] and not dead_letters.causes()


def test_a_manager_fills_a_pool_and_says_who_is_away(alder, alder_world, as_, manager, specialist, words):
    at, lead = f"/c/{alder_world.slug}/pools", as_(manager)
    assert "the team leads take what is handed over" in words(lead.get(at))
    joining = {"pool": "senior pool", "person_id": ids.show("per", specialist.id)}
    assert lead.post(at, data=joining | {"away_from_on": "2026-11-20"}).status_code == 303
    assert "Away now" in words(lead.get(at))
    assert lead.post(at, data=joining | {"away_until_on": "2026-11-20"}).status_code == 422
    assert lead.post(at, data=joining | {"pool": "nobody"}).status_code == 404
    assert lead.get(f"/api/v1/tenants/{alder_world.slug}/pools").json["items"][0]["away_from_on"] == "2026-11-20"
    leaving = lead.post(f"{at}/leave", data=joining)
    assert leaving.status_code == 303 and "Take out" not in words(lead.get(at))
    assert lead.post(f"{at}/leave", data=joining).status_code == 404
    assert as_(specialist).get(at).status_code == 403
