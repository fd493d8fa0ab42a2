"""Invisible characters: a text of them alone counts as empty."""

_CODES = (
    *range(0x21),  # control characters and the space
    *range(0x7F, 0xA1),  # more control characters, and the space that does not break
    0x1680,
    *range(0x2000, 0x200E),  # spaces of all widths, and those of none
    *(0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF),
)
_BLANKS = "".join(f"\\u{code:04x}" for code in _CODES)


def trimmed(text: str) -> str:
    """The text without blanks at both ends, as an SQL expression; null where nothing is left."""
    return f"nullif(trim(BOTH '{_BLANKS}' FROM {text}), '')"
