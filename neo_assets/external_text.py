"""Text that other parties wrote, such as a name in the feed, made safe where people read it.

A name may contain Markdown, terminal escape sequences or characters that reverse the direction of
what follows.  It is displayed as the characters that it consists of, never interpreted.
"""

import re

_PUNCTUATION = re.compile(r"[^\w\s()'.,:;+/=%-]|(?<![^\W_])_|_(?![^\W_])")
"""Whatever Markdown could give a meaning inside one line."""

_AUTOLINK = re.compile(r"https?:(?=//)|ftp:(?=//)|www(?=\.)|@", re.IGNORECASE)
"""Where GitHub's Markdown turns plain text into a link, even if its characters are escaped."""

_WORD_JOINER = "\N{WORD JOINER}"


def printable(text: str) -> str:
    r"""The text on one line, each character that does not print as an escape such as `\x1b`.

    These are control characters (C0 and C1), line breaks, half surrogate pairs, and format
    characters, among them those that reverse the direction of text.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def printable_lines(text: str) -> str:
    """The same for text of several lines, which keeps its line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def unlinked(text: str) -> str:
    """Printable lines in which no address or mention is recognized, by an invisible character."""
    return _AUTOLINK.sub(lambda match: match[0] + _WORD_JOINER, printable_lines(text))


def markdown(text: str) -> str:
    """Markdown that renders as the printable text itself, in a paragraph or a table cell."""
    return _PUNCTUATION.sub(
        lambda match: match[0] if match[0] == _WORD_JOINER else f"&#{ord(match[0])};",
        unlinked(printable(text)),
    )


def headline(error: str) -> str:
    """The first line of an error message, without blanks around it; empty if there is no text.

    The message of a ParseException of Spark starts on the line after the name of its class: such a
    name is joined to the line that follows.
    """
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
