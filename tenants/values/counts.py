"""Decides how a count is said: “1 customer”, “1,204 customers”, never “1 customers”."""


def noun(number: int, one: str, many: str = "") -> str:
    """The word for so many; `many` where its plural is not made with an s."""
    return one if abs(number) == 1 else many or f"{one}s"


def counted(number: int, one: str, many: str = "") -> str:
    """The number and its word."""
    return f"{number:,} {noun(number, one, many)}"
