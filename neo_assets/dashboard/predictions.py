"""Prediction errors, one value for each time before the approach."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np

from neo_assets.lakehouse.model.predictions import HORIZONS, Prediction, Revision, predictions


@dataclass(frozen=True)
class PredictionError:
    """All approaches that were predicted so many days before a day that is over.

    `came` counts those that NASA still lists, `on_another_day` those of them with another date. The
    errors are the distances in km, without sign, between the prediction and the current values:
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

    A horizon without such a prediction, or of which none came, is left out.
    """
    over = [
        prediction
        for prediction in predictions(revisions)
        if prediction.predicted.close_approach_date < today
    ]
    by_horizon = {
        days_before: [prediction for prediction in over if prediction.days_before == days_before]
        for days_before in HORIZONS
    }
    return tuple(
        _error(days_before, predicted)
        for days_before, predicted in by_horizon.items()
        if any(prediction.outcome for prediction in predicted)
    )


def _error(days_before: int, predicted: list[Prediction]) -> PredictionError:
    kilometers = [it.distance_error_km for it in predicted if it.distance_error_km is not None]
    minutes = [abs(it.minutes_off) for it in predicted if it.minutes_off is not None]
    return PredictionError(
        days_before,
        len(predicted),
        len(kilometers),
        sum(bool(prediction.days_off) for prediction in predicted),
        float(np.median(kilometers)),
        float(np.percentile(kilometers, 90)),
        float(np.median(minutes)) if minutes else None,
    )
