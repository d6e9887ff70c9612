"""Decides what is a text: signs that can be written down and kept, which excludes the NUL and half of a sign."""


def is_text(value: object) -> bool:
    """Whether this is a text that can be kept as it is."""
    if not isinstance(value, str):
        return False
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False
