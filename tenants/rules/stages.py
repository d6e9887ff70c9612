"""Decides which stages collection knows, in their order: a rule moves forward only, back is a person's word."""

from tenants.rules.phrases import Phrase

STAGES = ("Friendly", "Firm", "Broken promise", "Formal", "Handed over")
WORDS = {
    "none": Phrase("is at no stage", "is at some stage"),
    **{name: Phrase(f"is at the stage “{name}”", f"is not at the stage “{name}”") for name in STAGES},
}


def rank(stage: str) -> int:
    """The place of a stage in the order, from 1."""
    return STAGES.index(stage) + 1
