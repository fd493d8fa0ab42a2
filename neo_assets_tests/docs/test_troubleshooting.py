"""Every message that docs/troubleshooting.md quotes is one that the code contains."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
VARYING = "…"


def quotes() -> list[str]:
    """What the first column of the tables quotes."""
    rows = re.findall(r"^\| (`.+?) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]


@pytest.fixture(scope="module")
def texts() -> str:
    """Every text in the code."""
    files = [*(ROOT / "neo_assets").rglob("*.py"), ROOT / "bootstrap.py"]
    in_python = [text for file in files for text in texts_of(file.read_text(encoding="utf-8"))]
    return "\n".join(map(without_numbers, [*in_python, (ROOT / "Makefile").read_text("utf-8")]))


def texts_of(code: str) -> list[str]:
    """The texts of a module, with a placeholder for what is inserted when it runs."""
    return [
        "".join(map(text_of, node.values)) if isinstance(node, ast.JoinedStr) else text_of(node)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, (ast.JoinedStr, ast.Constant))
    ]


def text_of(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if isinstance(node, ast.Constant) and is_text else VARYING


def without_numbers(text: str) -> str:
    """The text as one line, in which a number is as good as a placeholder for one."""
    return re.sub(r"\d+", VARYING, " ".join(text.split()))


@pytest.mark.parametrize("quote", quotes())
def test_a_quoted_message_is_in_the_code(quote: str, texts: str) -> None:
    # Only a phrase of several words is certain to be one string in the code.
    parts = [part.strip() for part in re.split(f"{VARYING}|: ", without_numbers(quote))]
    missing = [part for part in parts if " " in part and part not in texts]
    assert not missing
