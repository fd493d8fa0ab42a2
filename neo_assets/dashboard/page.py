"""The page: everything in one HTML file, which asks nothing of the network."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import vl_convert
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from neo_assets.dashboard import agreement, data, formatting, risk_lists
from neo_assets.dashboard.charts import colors
from neo_assets.dashboard.charts.encoding import labelled
from neo_assets.dashboard.charts.odds import DASHES, object_colors
from neo_assets.external_text import printable
from neo_assets.lakehouse.model.bands import label
from neo_assets.lakehouse.model.dataset import AGREES
from neo_assets.lakehouse.report import RowClass

RISK_ROWS = 20
CLOSEST_ROWS = 10
CHANGES_LISTED = 20
DIFFERENCES_LISTED = 10

_SHAPES = ("M20.5 5a3.5 3.5 0 1 1-7 0a3.5 3.5 0 1 1 7 0Z", "M14 2h6v6h-6Z", "M17 1l4 7h-8Z")
"""The marks of the chart of odds, as they are in its legend."""

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
        risk_colors=colors.RISK_COLORS,
        legends={
            "risk": labelled(colors.RISK_COLORS),
            "distance": labelled(colors.DISTANCE_COLORS),
            "repeat": labelled(colors.REPEAT_COLORS),
            "error": colors.ERROR_COLORS,
            "event": colors.EVENT_COLORS,
            "outcome": colors.OUTCOME_COLORS,
        },
        object_colors=object_colors(shown.odds) if shown.odds else {},
        change_kinds=risk_lists.KINDS,
        agrees=AGREES,
        dashes=DASHES,
        shapes=_SHAPES,
        changes=shown.odds.changes[:CHANGES_LISTED] if shown.odds else (),
        differences=shown.differences.largest[:DIFFERENCES_LISTED] if shown.differences else (),
        unexplained=shown.agreement.unexplained[: agreement.WORST_LISTED]
        if shown.agreement
        else (),
        agreement_days=agreement.DAYS_BACK,
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
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
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
        printable=printable,
        one_in=formatting.one_in,
        probability=formatting.probability,
        significant=formatting.significant,
        place=formatting.place,
        reason=formatting.reason,
        object_name=formatting.name_of_compared,
    )
    return environment.get_template("page.html")
