"""Designations in names as the Minor Planet Center and JPL write them."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from neo_assets.lakehouse.model.designations import designation
from neo_assets.lakehouse.store.storage import Lakehouse
from neo_assets_tests.real_data import CAPTURES, VINTAGE_2020, capture, month, needs_real_data

from .feed_objects import feed_object, fetched, land, rows_of, run
from .plain_reading import designation_of

DAY = date(2024, 3, 5)

OF_NAMES = {
    # Asteroids, as NeoWs and JPL write them, then as the Minor Planet Center does.
    "433 Eros (A898 PA)": "A898 PA",
    "887 Alinda (1918 DB)": "1918 DB",
    "887 Alinda (A918 AA)": "A918 AA",
    "(2005 YQ96)": "2005 YQ96",
    "613286 (2005 YQ96)": "2005 YQ96",
    "469219 Kamo`oalewa (2016 HO3)": "2016 HO3",
    "4015 Wilson-Harrington (1979 VA)": "1979 VA",
    "118401 LINEAR (1999 RE70)": "1999 RE70",
    "1735 ITA (1948 RJ1)": "1948 RJ1",
    "(2040 P-L)": "2040 P-L",
    "1971 T-1 (3138 T-1)": "3138 T-1",
    "(2026 CA620)": "2026 CA620",
    "(A/2017 U1)": "A/2017 U1",
    "A898 PA": "A898 PA",
    "2005 YQ96": "2005 YQ96",
    "2040 P-L": "2040 P-L",
    "Eros": "Eros",
    # Comets with a number.
    "1P/Halley": "1P",
    "3D/Biela": "3D",
    "6P/d'Arrest": "6P",
    "9P/Tempel 1": "9P",
    "11P/Tempel-Swift-LINEAR": "11P",
    "54P/de Vico-Swift-NEAT": "54P",
    "1P/1982 U1 (Halley)": "1P",
    "133P/Elst-Pizarro = (7968)": "133P",
    "322P": "322P",
    "73P/Schwassmann-Wachmann 3": "73P",
    "73P/Schwassmann-Wachmann 3-B": "73P-B",
    "73P/Schwassmann-Wachmann 3-BY": "73P-BY",
    "73P/Schwassmann-Wachmann 3 C": "73P-C",
    "73P-B/Schwassmann-Wachmann 3": "73P-B",
    "73P-C/Schwassmann-Wachmann 3-C": "73P-C",
    "73P-BB": "73P-BB",
    "205P/Giacobini-A": "205P-A",
    # Comets without one.
    "C/2014 S2 (PANSTARRS)": "C/2014 S2",
    "C/2015 ER61 (PANSTARRS)": "C/2015 ER61",
    "P/2001 YX127 (LINEAR)": "P/2001 YX127",
    "P/2010 A2": "P/2010 A2",
    "P/2010 WK (LINEAR)": "P/2010 WK",
    "C/1995 O1 (Hale-Bopp)": "C/1995 O1",
    "C/1882 R1-A (Great September comet)": "C/1882 R1-A",
    "C/2001 A2-B (LINEAR)": "C/2001 A2-B",
    "D/1993 F2-P1 (Shoemaker-Levy 9)": "D/1993 F2-P1",
    "D/1993 F2-P2 (Shoemaker-Levy 9)": "D/1993 F2-P2",
    "X/1106 C1": "X/1106 C1",
    "C/-43 K1": "C/-43 K1",
    "C/240 V1": "C/240 V1",
    "A/2018 V3": "A/2018 V3",
    # From outside the solar system.
    "1I/'Oumuamua (A/2017 U1)": "1I",
    "1I/`Oumuamua": "1I",
    "2I/Borisov": "2I",
    "2I/2019 Q4 (Borisov)": "2I",
    "3I/ATLAS (C/2025 N1)": "3I",
    "I/2017 U1": "I/2017 U1",
}

letters = st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXY")
fragments = st.one_of(
    st.just(""), st.from_regex("-[A-Z]", fullmatch=True), st.from_regex("-A[A-Z]", fullmatch=True)
)
surnames = st.sampled_from(
    ("Halley", "d'Arrest", "de Vico", "Schwassmann", "PANSTARRS", "LINEAR", "ATLAS", "Tuttle")
)


@st.composite
def discoverers(draw: st.DrawFn) -> str:
    """Up to three names, joined by hyphens, and the number of their comet."""
    number = draw(st.sampled_from(("", "", " 1", " 3", " 12")))
    return "-".join(draw(st.lists(surnames, min_size=1, max_size=3))) + number


@st.composite
def asteroids(draw: st.DrawFn) -> tuple[str, str]:
    """A name of an asteroid and its designation."""
    year, pair = draw(st.integers(1925, 2060)), draw(letters) + draw(letters)
    stated = draw(
        st.sampled_from(
            (
                f"{year} {pair}",
                f"{year} {pair}{draw(st.integers(1, 6190))}",
                f"A{draw(st.integers(801, 924))} {pair}",
                f"{draw(st.integers(1892, 1924))} {pair}",
                f"{draw(st.integers(1, 9999))} {draw(st.sampled_from(('P-L', 'T-1', 'T-2')))}",
            )
        )
    )
    number = draw(st.integers(1, 1_500_000))
    called = draw(st.sampled_from(("Eros", "Ra-Shalom", "`O`o", "V'yus", "van de Hulst", "2009")))
    in_front = draw(st.sampled_from(("", f"{number} ", f"{number} {called} ")))
    return (f"{in_front}({stated})", stated) if in_front or draw(st.booleans()) else (stated,) * 2


@st.composite
def comets(draw: st.DrawFn) -> tuple[str, str]:
    """A name of a comet or interstellar object and its designation."""
    year = draw(st.one_of(st.integers(-240, 900), st.integers(1600, 2060)))
    order = draw(letters) + draw(st.sampled_from(("", "R"))) + str(draw(st.integers(1, 999)))
    fragment, who = draw(fragments), draw(discoverers())
    if draw(st.booleans()):
        stated = f"{draw(st.sampled_from('CPDXAI'))}/{year} {order}{fragment}"
        return draw(st.sampled_from((stated, f"{stated} ({who})"))), stated
    number = f"{draw(st.integers(1, 999))}{draw(st.sampled_from('PD'))}"
    forms = (
        number + fragment,
        f"{number}{fragment}/{who}",
        f"{number}{fragment}/{who}{fragment}",
        f"{number}/{who}{fragment}",
        f"{number}{fragment}/{year} {order} ({who})",
    )
    interstellar = f"{draw(st.integers(1, 99))}I"
    if draw(st.integers(0, 9)) == 0:
        return f"{interstellar}/{who} (C/{year} {order})", interstellar
    return draw(st.sampled_from(forms)), number + fragment


def read_by_spark(spark: SparkSession, names: Sequence[str]) -> list[str]:
    rows = spark.createDataFrame(list(enumerate(names)), "number INT, name STRING")
    found = rows.selectExpr("number", f"{designation('name')} AS designation").collect()
    return [row.designation for row in sorted(found, key=lambda row: int(row.number))]


def test_names_of_every_kind(spark: SparkSession) -> None:
    assert dict(zip(OF_NAMES, read_by_spark(spark, [*OF_NAMES]), strict=True)) == OF_NAMES


def test_the_plain_reading_reads_them_alike() -> None:
    assert {name: designation_of(name) for name in OF_NAMES} == OF_NAMES


# Each example is one query of many names: a query costs more than a thousand rows of it.
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(named=st.lists(st.one_of(asteroids(), comets()), min_size=50, max_size=200))
def test_any_name_as_it_is_written(spark: SparkSession, named: list[tuple[str, str]]) -> None:
    names = [name for name, _ in named]
    stated = [designation for _, designation in named]
    assert list(map(designation_of, names)) == stated
    assert read_by_spark(spark, names) == stated


def test_two_comets_of_one_discoverer_on_one_day(lakehouse: Lakehouse) -> None:
    names = ("C/2014 S2 (PANSTARRS)", "C/2015 ER61 (PANSTARRS)", "P/2001 YX127 (LINEAR)")
    fragments = ("73P/Schwassmann-Wachmann 3-B", "73P/Schwassmann-Wachmann 3-BY")
    objects = [
        feed_object(DAY, id=str(number), name=name)
        for number, name in enumerate((*names, *fragments), start=1003001)
    ]
    land(lakehouse, {DAY: [(fetched(0), objects)]})
    _, in_silver, in_gold = run(lakehouse, [DAY])
    assert in_silver[DAY].kept == in_gold[DAY].rows_out == len(objects)
    assert {row["name"]: row["designation"] for row in rows_of(lakehouse, "gold_neo_fact")} == {
        name: OF_NAMES[name] for name in (*names, *fragments)
    }


def real_names() -> Iterator[str]:
    answers = [month(path.name.removesuffix(".json.gz")) for path in VINTAGE_2020.iterdir()]
    answers += [capture(path.stem)["near_earth_objects"] for path in CAPTURES.glob("*.json")]
    for answer in answers:
        for objects in answer.values():
            yield from (item["name"] for item in objects)


@needs_real_data
def test_no_asteroid_of_neows_has_another_designation_than_in_its_parentheses(
    spark: SparkSession,
) -> None:
    names = sorted(set(real_names()))
    assert len(names) > 10_000
    expected = [re.findall(r"\(([^()]*)\)", name)[-1] for name in names]
    assert read_by_spark(spark, names) == expected


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_name_has_none(spark: SparkSession, name: str | None) -> None:
    (row,) = (
        spark.createDataFrame([(name,)], "name STRING").selectExpr(designation("name")).collect()
    )
    assert row[0] is None
