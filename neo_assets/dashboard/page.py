"""The page: everything in one HTML file, which asks nothing of the network."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from neo_assets.dashboard import charts, data, formatting
from neo_assets.lakehouse.model.bands import label
from neo_assets.lakehouse.report import RowClass

RISK_ROWS = 20
CLOSEST_ROWS = 10

_DRAW = """
for (const figure of document.querySelectorAll("script[type='application/json']")) {
  vegaEmbed(figure.previousElementSibling, JSON.parse(figure.textContent), {
    actions: false,
    // Without it, an expression of a chart would be code, which the page forbids.
    ast: true,
    renderer: "svg",
    tooltip: {disableDefaultStyle: true},
  });
}
"""


def page(shown: data.DashboardData, specifications: Mapping[str, Mapping[str, Any]]) -> str:
    """The HTML; `specifications` are the charts for it, by name.

    Only its own script can run in it: the browser gets the script's hash, so that a name in
    the feed could not add another one even if it were not escaped.
    """
    script = _script()
    return _template().render(
        data=shown,
        charts=specifications,
        legends={
            "risk": charts.RISK_COLORS,
            "distance": charts.DISTANCE_COLORS,
            "repeat": charts.REPEAT_COLORS,
            "error": charts.ERROR_COLORS,
        },
        script=script,
        script_hash=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        closest=shown.closest[:CLOSEST_ROWS],
        attention=shown.attention[:RISK_ROWS],
        days_ahead=data.DAYS_AHEAD,
        days_back=data.DAYS_BACK,
        quality_days=data.QUALITY_DAYS,
        class_names=list(RowClass),
    )


def write(html: str, file: Path) -> None:
    """Put the page in its place as a whole: who has it open never gets half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(html, encoding="utf-8")
    unfinished.replace(file)


@cache
def _script() -> str:
    return vl_convert.javascript_bundle(_DRAW).replace("</script", r"<\/script")


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        label=label,
        name=formatting.name_of,
        address=formatting.jpl_address,
        moment=formatting.moment,
        day=formatting.day,
        number=formatting.number,
    )
    return environment.get_template("page.html")
