"""Reads the part of the language M that the model uses, and refuses everything else.

After https://learn.microsoft.com/powerquery-m/m-spec-consolidated-grammar.  Microsoft's own parser
reads the same expressions in `test_third_party.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*)
    |(?P<text>"(?:[^"]|"")*")
    |(?P<quoted>\#"(?:[^"]|"")*")
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<symbol>=>|<=|>=|<>|\?\?|[-+*/&=<>(){}\[\],?])
    """,
    re.VERBOSE,
)
_KEYWORDS = {
    *("and", "as", "each", "else", "error", "false", "if", "in", "is", "let", "meta", "not"),
    *("null", "or", "otherwise", "then", "true", "try", "type"),
}
_LEVELS = (
    ("??",),
    ("or",),
    ("and",),
    ("is", "as"),
    ("=", "<>"),
    ("<", ">", "<=", ">="),
    ("+", "-", "&"),
    ("*", "/"),
    ("meta",),
)
"""Operators with two operands, the loosest first."""


class MSyntaxError(Exception):
    """The text is not M as the model writes it."""


@dataclass(frozen=True)
class Literal:
    """A text, a number, a logical value or null."""

    value: Any


@dataclass(frozen=True)
class Name:
    """A variable or a function of the library."""

    name: str


@dataclass(frozen=True)
class Type:
    """A type, such as `nullable text`."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """A list."""

    items: tuple[Any, ...]


@dataclass(frozen=True)
class Record:
    """A record: pairs of field and value."""

    items: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Let:
    """Steps in order, and the result."""

    steps: tuple[tuple[str, Any], ...]
    result: Any


@dataclass(frozen=True)
class If:
    """A choice."""

    condition: Any
    then: Any
    otherwise: Any


@dataclass(frozen=True)
class Error:
    """An error that is raised."""

    value: Any


@dataclass(frozen=True)
class Function:
    """A function; the last `optional` parameters may be left out."""

    parameters: tuple[str, ...]
    optional: int
    body: Any


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    function: Any
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Field:
    """A field of a record, `record[name]`."""

    record: Any
    name: str


@dataclass(frozen=True)
class Item:
    """A row of a table or an item of a list, `container{key}`; `{key}?` is null without one."""

    container: Any
    key: Any
    is_optional: bool = False


@dataclass(frozen=True)
class Binary:
    """An operator with its two operands."""

    operator: str
    left: Any
    right: Any


@dataclass(frozen=True)
class Not:
    """A negation."""

    value: Any


def parse(text: str) -> Any:
    """The expression that the text is.

    Raises:
        MSyntaxError: if it is none.
    """
    reader = _Reader(list(_tokens(text)))
    expression = reader.expression()
    if reader.at < len(reader.tokens):
        raise MSyntaxError(f"{reader.tokens[reader.at][1]} is left over")
    return expression


def nodes(expression: Any) -> Iterator[Any]:
    """An expression and all its parts."""
    if isinstance(expression, tuple):
        for part in expression:
            yield from nodes(part)
    elif is_dataclass(expression):
        yield expression
        for part in fields(expression):
            yield from nodes(getattr(expression, part.name))


def row_fields(function: Function) -> set[str]:
    """The fields that the body of an `each` takes from its row."""
    return {
        node.name
        for node in nodes(function.body)
        if isinstance(node, Field) and node.record == Name("_")
    }


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise MSyntaxError(f"{text[at : at + 20]!r} is no M")
        at, kind = found.end(), str(found.lastgroup)
        if kind == "quoted":
            yield "word", found[0][2:-1].replace('""', '"')
        elif kind == "word" and found[0] in _KEYWORDS:
            yield "symbol", found[0]
        elif kind != "blank":
            yield kind, found[0]


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def expression(self) -> Any:
        if self.takes("let"):
            return self.let()
        if self.takes("if"):
            condition = self.expression()
            self.expect("then")
            then = self.expression()
            self.expect("else")
            return If(condition, then, self.expression())
        if self.takes("each"):
            return Function(("_",), 0, self.expression())
        if self.takes("error"):
            return Error(self.expression())
        if self.is_function():
            return self.function()
        return self.binary(0)

    def let(self) -> Let:
        steps = [self.pair()]
        while self.takes(","):
            steps.append(self.pair())
        self.expect("in")
        return Let(tuple(steps), self.expression())

    def pair(self) -> tuple[str, Any]:
        name = self.word()
        self.expect("=")
        return name, self.expression()

    def is_function(self) -> bool:
        """Whether the parenthesis that comes next encloses parameters."""
        if not self.sees("("):
            return False
        depth, at = 0, self.at
        while at < len(self.tokens):
            token = self.tokens[at]
            depth += {("symbol", "("): 1, ("symbol", ")"): -1}.get(token, 0)
            at += 1
            if not depth:
                break
        after = [text for _, text in self.tokens[at : at + 4]]
        return after[:1] == ["=>"] or (after[:1] == ["as"] and "=>" in after)

    def function(self) -> Function:
        self.expect("(")
        parameters, optional = [], 0
        while not self.takes(")"):
            if self.sees_word("optional"):
                self.at += 1
                optional += 1
            parameters.append(self.word())
            if self.takes("as"):
                self.type()
            self.takes(",")
        if self.takes("as"):
            self.type()
        self.expect("=>")
        return Function(tuple(parameters), optional, self.expression())

    def binary(self, level: int) -> Any:
        if level == len(_LEVELS):
            return self.postfix()
        if level == 3 and self.takes("not"):
            return Not(self.binary(level))
        left = self.binary(level + 1)
        while operator := next((name for name in _LEVELS[level] if self.takes(name)), ""):
            right = Type(self.type()) if operator in ("is", "as") else self.binary(level + 1)
            left = Binary(operator, left, right)
        return left

    def postfix(self) -> Any:
        value = self.primary()
        while True:
            if self.takes("("):
                value = Call(value, self.items(")"))
            elif self.takes("{"):
                key = self.expression()
                self.expect("}")
                value = Item(value, key, self.takes("?"))
            elif self.takes("["):
                value = Field(value, self.word())
                self.expect("]")
            else:
                return value

    def primary(self) -> Any:
        if self.at == len(self.tokens):
            raise MSyntaxError("an expression is missing at the end")
        kind, text = self.tokens[self.at]
        if kind == "word":
            self.at += 1
            return Name(text)
        if kind == "text":
            self.at += 1
            return Literal(text[1:-1].replace('""', '"'))
        if kind == "number":
            self.at += 1
            return Literal(float(text) if "." in text else int(text))
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.takes(word):
                return Literal(value)
        if self.takes("type"):
            return Type(self.type())
        if self.takes("("):
            expression = self.expression()
            self.expect(")")
            return expression
        if self.takes("{"):
            return ListOf(self.items("}"))
        if self.takes("["):
            return self.record_or_field()
        raise MSyntaxError(f"{text} is no expression")

    def record_or_field(self) -> Any:
        if self.takes("]"):
            return Record(())
        if self.tokens[self.at + 1] == ("symbol", "]"):
            name = self.word()
            self.expect("]")
            return Field(Name("_"), name)
        pairs = [self.pair()]
        while self.takes(","):
            pairs.append(self.pair())
        self.expect("]")
        return Record(tuple(pairs))

    def items(self, end: str) -> tuple[Any, ...]:
        found: list[Any] = []
        while not self.takes(end):
            if found:
                self.expect(",")
            found.append(self.expression())
        return tuple(found)

    def type(self) -> str:
        nullable = self.sees_word("nullable")
        self.at += nullable
        name = "null" if self.takes("null") else self.word()
        return f"nullable {name}" if nullable else name

    def sees(self, symbol: str) -> bool:
        return self.tokens[self.at : self.at + 1] == [("symbol", symbol)]

    def sees_word(self, word: str) -> bool:
        return self.tokens[self.at : self.at + 1] == [("word", word)]

    def takes(self, symbol: str) -> bool:
        found = self.sees(symbol)
        self.at += found
        return found

    def expect(self, symbol: str) -> None:
        if not self.takes(symbol):
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
            raise MSyntaxError(f"{symbol} is missing before {found}")

    def word(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("", "the end")
        if kind != "word":
            raise MSyntaxError(f"{text} is no name")
        self.at += 1
        return text
