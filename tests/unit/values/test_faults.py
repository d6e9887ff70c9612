"""How the domain says no."""

from tenants.values.faults import Kind, Refusal


class TooLate(Refusal):
    kind = Kind.CONFLICT
    code = "too_late"
    remedy = "Come earlier."


def test_a_refusal_carries_what_a_face_needs():
    refusal = TooLate("The period is closed.")
    assert (refusal.kind, refusal.code, refusal.detail) == (Kind.CONFLICT, "too_late", "The period is closed.")
    assert (refusal.remedy, refusal.pointer, str(refusal)) == ("Come earlier.", "", "The period is closed.")


def test_the_place_that_refuses_may_say_more():
    refusal = TooLate("The period is closed.", remedy="Ask Alder.", pointer="/due_on")
    assert (refusal.remedy, refusal.pointer) == ("Ask Alder.", "/due_on")
    assert TooLate.remedy == "Come earlier."
