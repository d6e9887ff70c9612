"""Where images may stand: the client's word for all, its word for a country, and the contact's last word."""

import pytest

from tenants.delivery import hits, tracking
from tenants.delivery.hits import Fetch, Hit
from tenants.directory import clients
from tests.cast import NOW

CASES = [
    (mode, consent, (mode == "on" and consent != "withdrawn") or (mode == "consented" and consent == "granted"))
    for mode in tracking.MODES
    for consent in ("unknown", "granted", "withdrawn")
]


def seen(post, message, number):
    with post.unit():
        return hits.keep([Hit(Fetch("pixel", "GET", f"Reader {number}", ""), NOW, message_id=message)])


@pytest.mark.parametrize("over", ["client", "country"])
def test_writing_and_counting_follow_the_same_table(post, over):
    message = post.a_message()
    post.send(message)
    for number, (mode, consent, allowed) in enumerate(CASES):
        post.change("UPDATE contact SET pixel_consent = :consent WHERE tenant_id = :tenant", consent=consent)
        with post.unit():
            if over == "country":
                clients.change(pixel="on" if mode == "off" else "off")
                tracking.decide("DE", pixel=mode, basis="asked in the contract", now=NOW)
            else:
                clients.change(pixel=mode)
        assert bool(seen(post, message, number)) is allowed, (mode, consent)
        assert tracking.may_track(mode, consent=consent) is allowed


def test_the_image_stands_in_the_mail_only_where_the_country_allows_it(post):
    with post.unit():
        clients.change(pixel="on")
        tracking.decide("DE", pixel="off", basis="", now=NOW)
    post.send(post.a_message())
    with post.unit():
        assert tracking.forget("DE", now=NOW) and not tracking.forget("DE", now=NOW)
    post.send(post.a_message(email="ines@marigold.test", name="Marigold Stores"))
    assert ["/o/" in letter.html for letter in post.mailer.sent] == [False, True]
    assert ["#images" in letter.html for letter in post.mailer.sent] == [False, True]


def test_every_decision_has_its_basis_its_person_and_a_line_in_the_history(post):
    with post.unit():
        tracking.decide("FR", pixel="consented", basis=" CNIL 2026-042 ", now=NOW)
        (row,) = tracking.rules()
        assert (row["country"], row["pixel"], row["basis"], row["decided_by"]) == (
            "FR",
            "consented",
            "CNIL 2026-042",
            "test",
        )
    assert post.ask("SELECT act FROM history WHERE tenant_id = :tenant") == ["tracking.decided"]
    post.an_invoice()
    with post.unit():
        assert [tuple(each.values()) for each in tracking.consents()] == [("DE", "unknown", 1)]


@pytest.mark.parametrize(("country", "pixel", "basis"), [("FR", "always", "x"), ("fr", "on", "x"), ("FR", "on", " ")])
def test_a_decision_without_a_basis_is_none(post, country, pixel, basis):
    with post.unit(), pytest.raises(tracking.BadTracking):
        tracking.decide(country, pixel=pixel, basis=basis, now=NOW)
    assert post.ask("SELECT count(*) FROM tracking_rule WHERE tenant_id = :tenant") == [0]
