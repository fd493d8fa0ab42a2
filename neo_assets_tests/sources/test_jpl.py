"""How a response of JPL's services is read, whatever its fields and their order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neo_assets.sources.errors import BadResponseError
from neo_assets.sources.jpl import JplResponse, read_response

SIGNATURE = {"version": "1.5", "source": "NASA/JPL SBDB Close Approach Data API"}
GOOD: dict[str, Any] = {
    "signature": SIGNATURE,
    "count": "2",
    "fields": ["des", "h"],
    "data": [["433", "10.4"], ["2024 AB", None]],
}


def read(body: Any) -> JplResponse:
    return read_response(body, "cad.api", "2024-03-01", "1.5")


def test_rows_are_objects_by_name() -> None:
    objects: list[dict[str, Any]] = [{"des": "433", "h": "10.4"}, {"des": "2024 AB", "h": None}]
    assert read(GOOD) == JplResponse(objects, "1.5")
    assert read(GOOD | {"count": 2}) == JplResponse(objects, "1.5")
    assert read({"signature": SIGNATURE, "count": 2, "data": objects}).objects == objects


@given(st.data())
def test_the_order_of_fields_does_not_matter(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {name: st.none() | st.text() for name in ("des", "cd", "dist", "h", "fullname")}
            )
        )
    )
    fields = data.draw(st.permutations(["des", "cd", "dist", "h", "fullname"]))
    body = {
        "signature": SIGNATURE,
        "count": len(rows),
        "fields": fields,
        "data": [[row[name] for name in fields] for row in rows],
    }
    assert list(read(body).objects) == rows


@pytest.mark.parametrize("count", ["0", 0])
def test_without_rows_there_is_no_data(count: object) -> None:
    assert read({"signature": SIGNATURE, "count": count}) == JplResponse([], "1.5")


@pytest.mark.parametrize("signature", [{"version": "1.6"}, {}, None, "1.5"])
def test_another_version_is_kept_and_warned_of(signature: object) -> None:
    response = read(GOOD | {"signature": signature})
    assert len(response.objects) == 2
    (warning,) = response.warnings
    assert "where 1.5 is known" in warning
    assert response.version == ("1.6" if signature == {"version": "1.6"} else "")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"signature": SIGNATURE},
        {"signature": SIGNATURE, "error": "specified object not found"},
        GOOD | {"count": "3"},
        GOOD | {"count": True},
        GOOD | {"count": "-2"},
        GOOD | {"count": "two"},
        GOOD | {"data": None},
        GOOD | {"data": {"433": "10.4"}},
        GOOD | {"fields": None},
        GOOD | {"fields": ["des", "des"]},
        GOOD | {"fields": ["des", 1]},
        GOOD | {"fields": ["des"]},
        GOOD | {"data": [["433", "10.4"], ["2024 AB"]]},
        GOOD | {"data": [["433", "10.4"], {"des": "2024 AB"}]},
    ],
)
def test_what_cannot_be_used_is_refused(body: object) -> None:
    with pytest.raises(BadResponseError, match=r"^JPL an[a-z]+ .*2024-03-01"):
        read(body)
