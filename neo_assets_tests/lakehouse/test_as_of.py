"""The star as it was known at a moment, against a plain reading of the snapshots until then."""

from datetime import datetime, timedelta

from neo_assets.lakehouse.model.keys import UNKNOWN_KEY
from neo_assets.lakehouse.stages import as_of
from neo_assets.lakehouse.store.storage import Lakehouse

from .feed_objects import fetched, land, run
from .plain_reading import Row, objects_of, read_day, revisions_of
from .test_histories import Histories, by_key, current_rows, random_histories


def until(histories: Histories, moment: datetime) -> Histories:
    """The snapshots that had been fetched by then."""
    return {
        day: [(fetched_at, objects) for fetched_at, objects in snapshots if fetched_at <= moment]
        for day, snapshots in histories.items()
    }


def test_what_was_known_at_any_moment(lakehouse: Lakehouse) -> None:
    histories = random_histories(seed=5, days=24)
    land(lakehouse, histories)
    run(lakehouse, histories)
    moments = [fetched(0) + timedelta(minutes=minutes) for minutes in (-1, 0, 20, 75, 160, 600)]
    for moment in moments:
        known = until(histories, moment)
        expected = {day: read_day(day, snapshots) for day, snapshots in known.items() if snapshots}
        star = {
            name: rows.toArrow().to_pylist()
            for name, rows in as_of(lakehouse, moment).items()
            if name != "gold_dim_date"
        }
        facts = current_rows(expected, "gold")
        columns: list[str] = [*next(iter(facts.values()), Row())]
        found = by_key(star["gold_neo_fact"]).items()
        assert {key: {name: row[name] for name in columns} for key, row in found} == facts
        objects = by_key(star["gold_dim_neo"], ("neo_key", "valid_from"))
        assert {
            key: row for key, row in objects.items() if row["neo_key"] != UNKNOWN_KEY
        } == objects_of(known)
        revisions = by_key(star["gold_neo_revision"], ("neo_event_key", "revision"))
        plain = revisions_of(expected.values())
        links = ("moved_from", "moved_to")
        assert revisions.keys() == plain.keys()
        for key, row in revisions.items():
            assert {**row, **dict.fromkeys(links)} == {**plain[key], **dict.fromkeys(links)}
