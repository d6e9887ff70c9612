"""Decides what is said about a cell that cannot be read: a reason for machines, a sentence and a remedy for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell was not understood. Readers return it instead of raising: a bad column would raise a million times."""

    reason: str
    detail: str
    remedy: str
