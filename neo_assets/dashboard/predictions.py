"""How far off predictions were: `predictions` of `lakehouse.revisions`, without Spark."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from neo_assets.dashboard.reading import Revision

HORIZONS = (365, 90, 30, 14, 7, 5, 3, 2, 1)
"""Days before an approach, as far as it can be predicted for any of them."""


@dataclass(frozen=True)
class PredictionError:
    """All approaches that were predicted so many days before a day that is over.

    `came` counts those that NASA still lists, `on_another_day` those of them with another date. The
    errors are the distances in km, without sign, between what was predicted and what stands now:
    the median, and what nine in ten stay below. `median_minutes` is null where no minute is known.
    """

    days_before: int
    predicted: int
    came: int
    on_another_day: int
    median_km: float
    nine_in_ten_km: float
    median_minutes: float | None


def prediction_errors(revisions: Iterable[Revision], today: date) -> tuple[PredictionError, ...]:
    """The errors of all that was predicted for a day before `today`, the longest horizon first.

    A horizon without such a prediction, or of which none came, is left out. A prediction is the
    newest revision at least so many days before; one that was withdrawn by then is none.
    """
    histories: dict[int, list[Revision]] = defaultdict(list)
    for revision in sorted(revisions, key=lambda revision: revision.revision):
        histories[revision.neo_event_key].append(revision)
    standing = {key: history[-1] for key, history in histories.items()}
    errors = []
    for days_before in HORIZONS:
        known = (
            [revision for revision in history if revision.days_ahead >= days_before]
            for history in histories.values()
        )
        predicted = [
            history[-1]
            for history in known
            if history
            and history[-1].what != "withdrawn"
            and history[-1].close_approach_date < today
        ]
        pairs = [
            (prediction, came)
            for prediction in predicted
            if (came := _came_of(prediction, standing))
        ]
        if pairs:
            errors.append(_error(days_before, len(predicted), pairs))
    return tuple(errors)


def _came_of(prediction: Revision, standing: dict[int, Revision]) -> Revision | None:
    """What stands now, on whichever day it moved to; none where it was withdrawn for good."""
    key: int | None = prediction.neo_event_key
    passed: set[int] = set()
    while key in standing and key not in passed:
        passed.add(key)
        last = standing[key]
        if last.what != "withdrawn":
            return last
        key = last.moved_to
    return None


def _error(
    days_before: int, predicted: int, pairs: Collection[tuple[Revision, Revision]]
) -> PredictionError:
    kilometres = [abs(came.miss_distance_km - before.miss_distance_km) for before, came in pairs]
    minutes = [
        abs(came.close_approach_at - before.close_approach_at) / timedelta(minutes=1)
        for before, came in pairs
        if came.close_approach_at and before.close_approach_at
    ]
    return PredictionError(
        days_before,
        predicted,
        len(pairs),
        sum(came.close_approach_date != before.close_approach_date for before, came in pairs),
        float(np.median(kilometres)),
        float(np.percentile(kilometres, 90)),
        float(np.median(minutes)) if minutes else None,
    )
