"""Why an asset did not materialize a day, as it is stored with the day's checks and its page."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

NO_INPUT_ROWS = {"rows_in": 0}

_REASON, _IS_HELD_BACK = "not_done_because", "held_back"
_NOT_DONE, _HELD_BACK = "Not done: ", "held back, "


@dataclass(frozen=True)
class Unmaterialized:
    """Why a day was not materialized: it failed, or a check of the layer before holds it back."""

    reason: str
    is_held_back: bool = False

    @classmethod
    def held_back(cls, error: str) -> "Unmaterialized":
        """A day that this error of a check of the layer before holds back."""
        return cls(f"{_HELD_BACK}{error}", is_held_back=True)

    @classmethod
    def stored_in(cls, evaluation: dg.AssetCheckEvaluation) -> "Unmaterialized | None":
        """Return what an evaluation records about a day that was not materialized, else None."""
        if _REASON in evaluation.metadata:
            return cls(
                str(evaluation.metadata[_REASON].value),
                is_held_back=bool(evaluation.metadata[_IS_HELD_BACK].value),
            )
        # Histories written by 0.1.0 before the metadata existed have only the sentence.
        sentence = evaluation.description or ""
        if not sentence.startswith(_NOT_DONE):
            return None
        reason = sentence.removeprefix(_NOT_DONE).rstrip(".")
        return cls(reason, is_held_back=reason.startswith(_HELD_BACK))

    @property
    def description(self) -> str:
        """The description of the evaluation, in one sentence."""
        return f"{_NOT_DONE}{self.reason}."

    @property
    def metadata(self) -> Mapping[str, str | bool]:
        """The values that are read again; the sentence is not."""
        return {_REASON: self.reason, _IS_HELD_BACK: self.is_held_back}

    def observation(self, asset: dg.AssetKey, partition: str) -> dg.AssetObservation:
        """Return the observation that the partition's page in the UI shows."""
        return dg.AssetObservation(
            asset, partition=partition, description=self.description, metadata=self.metadata
        )

    def evaluation(
        self, check: dg.AssetCheckKey, partition: str | None, severity: dg.AssetCheckSeverity
    ) -> dg.AssetCheckEvaluation:
        """The failed evaluation of a check, about no materialization."""
        return dg.AssetCheckEvaluation(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=False,
            severity=severity,
            description=self.description,
            metadata={**NO_INPUT_ROWS, **self.metadata},
            partition=partition,
        )
