"""Write the pages in docs/reference/ from what the code defines.

    python -m docs.reference

from the root of the project; a test compares.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import typer
import typer.cli

from neo_assets.checks.definitions import checks_of
from neo_assets.cli import application
from neo_assets.lakehouse.model.tables import DQ_METRICS, GOLD_NEO_PREDICTION, Table
from neo_assets.sources import SOURCES
from neo_assets.sources.registry import Included

FOLDER = Path(__file__).parent / "reference"

_GENERATED = "This page is generated: `python -m docs.reference`."


def pages() -> dict[str, str]:
    """Every page in Markdown, by the name of its file."""
    return {
        "columns.md": _page("Columns", _columns()),
        "checks.md": _page("Checks", _checks()),
        "rules.md": _page("Rules", _rules()),
        "commands.md": _page("Commands", _commands()),
    }


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join((f"# {title}", _GENERATED, *parts)).rstrip() + "\n"


def _columns() -> Iterator[str]:
    """Every table with its columns, as they are in Delta and in Dagster."""
    for table in dict.fromkeys((*Included().tables, GOLD_NEO_PREDICTION, DQ_METRICS)):
        yield from (f"## {table.name}", table.comment, _columns_of(table))


def _columns_of(table: Table) -> str:
    return _table(
        ("column", "type", "unit", "meaning"),
        ((f"`{it.name}`", it.type, it.unit, it.comment) for it in table.columns),
    )


def _checks() -> Iterator[str]:
    """Every check with the assets that have it."""
    assets: dict[tuple[str, str], list[str]] = {}
    for asset in Included().assets:
        for check in checks_of(asset, tuple(SOURCES)):
            assets.setdefault((check.name, check.description), []).append(asset)
    every = Included().assets
    for (name, description), of_check in assets.items():
        named = ", ".join(f"`{asset}`" for asset in of_check)
        yield f"## {name}"
        yield description
        yield "Of every daily asset." if of_check == every else f"Of {named}."


def _rules() -> Iterator[str]:
    """The rules of each silver table, before a quality file changes them."""
    for dataset in Included().datasets:
        yield f"## {dataset.tables.silver.name}"
        yield _table(
            ("rule", "a row is valid if it", "condition", "otherwise"),
            ((f"`{it.name}`", it.demand, f"`{it.condition}`", it.action) for it in dataset.rules),
        )


def _commands() -> Iterator[str]:
    """The help of every command, as Typer documents it."""
    command = typer.main.get_command(application)
    context = typer.Context(command, info_name="neo-assets")
    text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="neo-assets")
    # Its first heading is that of the page.
    yield "\n".join(line.rstrip() for line in text.splitlines()[1:]).strip()


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ("---",) * len(headers), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in pages().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
