"""The lines of ESA's risk list as objects."""

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.esa_risk.response import FIELDS, objects
from neo_assets_tests.real_data import ESA_RISK_LIST, needs_real_data

HEADER = """\
            Object         |    Diameter    |             VI Max                                   |          VIs                  |
 Num/des.       Name       |   m  |   *=Y   |      Date/Time   |  IP max  | PS max |TS  | Vel km/s | Years     | IP cum   | PS cum |
AAAAAAAAA AAAAAAAAAAAAAAAA | NNNN |    A    | YYYY-MM-DD HH:MM | EEEEEEEE | NNN.NN | NN |  NNN.NN  | YYYY-YYYY | EEEEEEEE | NNN.NN |
"""  # noqa: E501
LIST = f"""\
Last Update: 2023-08-05 05:49 UTC
{HEADER}\
2023OW4                    |   50 |    *    | 2052-04-02 01:36 |  2.98E-4 |  -2.72 |  0 |   23.72  | 2050-2054 |  2.99E-4 |  -2.71 |
29075     1950DA           | 2000 |         | 2880-03-16 23:48 |  2.86E-5 |  -0.93 |    |   17.99  | 2880-2880 |  2.86E-5 |  -0.93 |
101955    Bennu            |  484 |         | 2182-09-24 20:20 |  3.72E-4 |  -1.59 |  0 |   12.66  | 2178-2290 |  5.71E-4 |  -1.41 |
"""  # noqa: E501


def test_every_line_is_an_object_with_the_version_of_the_list() -> None:
    first, second, third = objects(LIST)
    assert first == {
        "last_update": "2023-08-05 05:49",
        "object": "2023OW4",
        "diameter_m": "50",
        "diameter_is_estimated": "*",
        "vi_max_at": "2052-04-02 01:36",
        "ip_max": "2.98E-4",
        "ps_max": "-2.72",
        "ts": "0",
        "velocity_km_s": "23.72",
        "years": "2050-2054",
        "ip_cum": "2.99E-4",
        "ps_cum": "-2.71",
    }
    assert (second["object"], second["ts"]) == ("29075 1950DA", "")
    assert third["object"] == "101955 Bennu"


def test_a_list_without_objects_is_no_fault() -> None:
    assert objects("\n".join(LIST.splitlines()[:4])) == []


@pytest.mark.parametrize("line", [1, 2, 3, 4])
@pytest.mark.parametrize("change", ["renamed", "missing", "swapped"])
def test_a_changed_header_is_an_error_that_names_the_line(line: int, change: str) -> None:
    lines = LIST.splitlines()
    text = lines[line - 1]
    if change == "missing":
        lines = lines[: line - 1]
    elif change == "renamed":
        lines[line - 1] = text.replace("UTC", "CET") if line == 1 else text.replace("|", "| x", 1)
    else:
        lines[line - 1], lines[4] = lines[4], text
    with pytest.raises(BadResponseError, match=f"line {line} is ") as raised:
        objects("\n".join(lines))
    assert "nothing of it was kept" in str(raised.value)


def test_a_column_that_moved_is_an_error() -> None:
    shifted = "\n".join(
        "|".join([*cells[:8], cells[9], cells[8], *cells[10:]])
        if len(cells) > 10
        else "|".join(cells)
        for cells in (line.split("|") for line in LIST.splitlines())
    )
    with pytest.raises(BadResponseError, match="line 3"):
        objects(shifted)


def test_a_line_with_other_values_than_the_header_is_kept_whole_for_the_quarantine() -> None:
    bad = "2024AA1                    |   50 |    *    | 2052-04-02 01:36 |  2.98E-4 |"
    found = objects(LIST + bad + "\n")
    assert found[-1] == {"last_update": "2023-08-05 05:49", "line": bad}
    assert len(found) == 4


def test_a_list_that_breaks_off_is_an_error() -> None:
    with pytest.raises(BadResponseError, match="breaks off in line 7"):
        objects(LIST[:-60])


@pytest.mark.parametrize("text", ["", "\n", "<html>Down for maintenance</html>", "{}"])
def test_something_else_is_an_error_that_names_line_1(text: str) -> None:
    with pytest.raises(BadResponseError, match="line 1 is "):
        objects(text)


VALUE = st.text(
    st.characters(codec="utf-8", exclude_characters="|", exclude_categories=("C", "Z")),
    max_size=12,
)


@given(
    rows=st.lists(st.lists(VALUE, min_size=len(FIELDS), max_size=len(FIELDS)).filter(any)),
    updated=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),
    blanks=st.integers(0, 9),
)
def test_whatever_the_values_are_each_is_found_in_its_place(
    rows: list[list[str]], updated: datetime, blanks: int
) -> None:
    lines = [" " * blanks + (" | " + " " * blanks).join(row) + "   |" for row in rows]
    found = objects(
        "\n".join([f"Last Update: {updated:%Y-%m-%d %H:%M} UTC", HEADER + "\n".join(lines), ""])
    )
    assert [[each[name] for name in FIELDS] for each in found] == rows
    assert {each["last_update"] for each in found} <= {f"{updated:%Y-%m-%d %H:%M}"}


@given(st.text())
def test_any_text_is_objects_or_a_refusal(text: str) -> None:
    for body in (text, LIST + text):
        try:
            found = objects(body)
        except BadResponseError:
            continue
        json.dumps(found)
        assert all("line" in each or set(FIELDS) < each.keys() for each in found)


@needs_real_data
def test_the_real_list() -> None:
    found = objects(ESA_RISK_LIST.read_text("utf-8"))
    assert len(found) == 12
    assert {row["last_update"] for row in found} == {"2021-10-04 05:49"}
    assert all(set(row) == {"last_update", *FIELDS} for row in found)
    by_name = {row["object"]: row for row in found}
    assert by_name["1979XB"]["ip_cum"] == "8.98E-7"
    assert by_name["2010QG2"]["diameter_is_estimated"] == ""
