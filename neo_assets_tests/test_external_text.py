"""Text of other parties is displayed as its characters and never interpreted."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from neo_assets.external_text import headline, markdown, printable, printable_lines
from neo_assets.lakehouse.preview import markdown_table

HOSTILE = [
    "![seen](https://example.org/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "[a link](https://example.org)",
    "https://example.org and www.example.org and someone@example.org",
    "| another | cell |",
    "back\\|slash",
    "`code` *stars* __lines__ ~~gone~~ :smile: &amp; &#33;",
    "two\nlines\r\nand a form feed \f",
    "\x1b[31mred\x1b[0m \x9b31m \x07",
    "\u202egnp.exe\u202c",
    "# a heading",
    "\ud800",
]

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.sampled_from("[]()!<>|\\`*_~&#;:/.@-+=w\nhtps \x1b\u202e")),
    st.text(),
)

GITHUB = MarkdownIt("gfm-like")
assert GITHUB.linkify
# GitHub makes links of addresses with a scheme or `www.` alone.
GITHUB.linkify.set({"fuzzy_link": False})


def inline_tokens(source: str) -> list[Token]:
    return [child for token in GITHUB.parse(source) for child in token.children or []]


def text_of(tokens: list[Token]) -> str:
    return "".join(token.content for token in tokens).replace("\N{WORD JOINER}", "")


@given(texts)
@example("a\u2028b")
def test_nothing_unprintable_is_printed(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in shown)


@given(st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ")))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(texts)
def test_lines_stay_lines(text: str) -> None:
    assert printable_lines(text).split("\n") == [printable(line) for line in text.split("\n")]


@given(texts)
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    in_table = f"| a | b |\n| --- | --- |\n| a {markdown(text)} z | 1 |"
    for source in (f"a {markdown(text)} z", in_table):
        assert {token.type for token in inline_tokens(source)} <= {"text", "text_special"}
    in_cells = [token for token in GITHUB.parse(in_table) if token.type == "inline"]
    assert len(in_cells) == 4
    shown = text_of(in_cells[2].children or [])
    assert " ".join(shown.split()) == " ".join(f"a {printable(text)} z".split())


@given(st.lists(st.dictionaries(st.sampled_from(("name", "why")), texts, min_size=2), min_size=1))
def test_a_preview_has_a_row_for_each_row(rows: list[dict[str, str]]) -> None:
    rows = [{name: row[name] for name in ("name", "why")} for row in rows]
    tokens = GITHUB.parse(markdown_table(rows))
    assert sum(token.type == "tr_open" for token in tokens) == len(rows) + 1
    assert sum(token.type == "td_open" for token in tokens) == 2 * len(rows)
    inside = [child.type for token in tokens for child in token.children or []]
    assert {*inside} <= {"text", "text_special"}


def test_the_headline_of_an_error_says_more_than_its_class() -> None:
    assert headline(" \n one \ntwo") == "one"
    assert headline("ParseException: \n[PARSE_SYNTAX_ERROR] Near 'x'.\n\n== SQL ==\nx") == (
        "ParseException: [PARSE_SYNTAX_ERROR] Near 'x'."
    )
    assert headline("ValueError:") == "ValueError:"
    assert headline(" \n") == ""
