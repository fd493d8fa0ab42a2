"""Dagster's GraphQL, as its UI uses it."""

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar

import requests

ASSETS = ("raw_feed_files", "bronze_neo_events", "silver_neo_events", "gold_neo_fact")
CHECKS = ("drop_count", "duplicate_count")

Answer = dict[str, Any]
Ended = TypeVar("Ended")


class Dagster:
    """A running web server and daemon."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: object) -> Answer:
        response = requests.post(
            f"{self.address}/graphql", json={"query": query, "variables": variables}, timeout=30
        )
        answer: Answer = response.json()
        assert "errors" not in answer, answer
        data: Answer = answer["data"]
        return data

    def launch_backfill(self, days: Sequence[str], assets: Sequence[str] = ASSETS) -> str:
        """Launch a backfill, by default of all four assets; its id."""
        launched = self.ask(
            """mutation ($params: LaunchBackfillParams!) {
              launchPartitionBackfill(backfillParams: $params) {
                __typename
                ... on LaunchBackfillSuccess { backfillId }
                ... on PythonError { message }
              }
            }""",
            params={"assetSelection": [_key(asset) for asset in assets], "partitionNames": days},
        )["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def finished_backfill(self, backfill: str, seconds: float = 600) -> Answer:
        """Wait for a backfill to end: its status and its runs, with the start and end of each."""

        def ended() -> Answer | None:
            found: Answer = self.ask(
                """query ($id: String!) {
                  partitionBackfillOrError(backfillId: $id) {
                    ... on PartitionBackfill {
                      status
                      runs(limit: 100) { id status startTime endTime }
                    }
                  }
                }""",
                id=backfill,
            )["partitionBackfillOrError"]
            is_over = found["status"].startswith(("COMPLETED", "FAILED", "CANCELED"))
            return found if is_over else None

        return wait_for(ended, seconds)

    def launch_run(
        self, day: str, assets: Sequence[str] = ASSETS, checks: Sequence[Answer] | None = None
    ) -> str:
        """Launch a run of one day, with all checks of its assets by default; its id."""
        return self._launch(
            {
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [_key(asset) for asset in assets],
                "assetCheckSelection": checks,
            },
            [{"key": "dagster/partition", "value": day}],
        )

    def _launch(self, selector: Answer, tags: Sequence[Answer]) -> str:
        launched = self.ask(
            """mutation ($params: ExecutionParams!) {
              launchRun(executionParams: $params) {
                __typename
                ... on LaunchRunSuccess { run { id } }
                ... on PythonError { message }
              }
            }""",
            params={
                "selector": {
                    "repositoryName": "__repository__",
                    "repositoryLocationName": "neo_assets.definitions",
                    **selector,
                },
                "mode": "default",
                "runConfigData": "{}",
                "executionMetadata": {"tags": tags},
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["id"])

    def launch_job(self, job: str) -> str:
        """Launch a job; the id of its run."""
        return self._launch({"pipelineName": job}, [])

    def launch_check(self, day: str, asset: str, check: str) -> str:
        """Launch a run of one check, and of nothing else, for one day; its id."""
        return self.launch_run(day, [], [{"assetKey": _key(asset), "name": check}])

    def terminate_run(self, run: str) -> None:
        """Cancel a run, as the button of its page does."""
        terminated = self.ask(
            """mutation ($run: String!) {
              terminateRun(runId: $run) {
                __typename
                ... on TerminateRunFailure { message }
                ... on PythonError { message }
              }
            }""",
            run=run,
        )["terminateRun"]
        assert terminated["__typename"] == "TerminateRunSuccess", terminated

    def finished_run(self, run: str, seconds: float = 400) -> Answer:
        """Wait for a run to end: its status, start and end."""

        def ended() -> Answer | None:
            found: Answer = self.ask(
                """query ($id: ID!) {
                  runOrError(runId: $id) { ... on Run { id status startTime endTime } }
                }""",
                id=run,
            )["runOrError"]
            return found if found["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

        return wait_for(ended, seconds)

    def steps(self, run: str) -> dict[str, Answer]:
        """The steps of a run by their keys, with the start and end of each."""
        found: list[Answer] = self.ask(
            """query ($id: ID!) {
              runOrError(runId: $id) { ... on Run { stepStats { stepKey startTime endTime } } }
            }""",
            id=run,
        )["runOrError"]["stepStats"]
        return {step["stepKey"]: step for step in found}

    def runs_of(self, job: str) -> list[Answer]:
        """The runs of a job: id and status of each."""
        runs: list[Answer] = self.ask(
            """query ($job: String!) {
              runsOrError(filter: {pipelineName: $job}) {
                ... on Runs { results { id status } }
              }
            }""",
            job=job,
        )["runsOrError"]["results"]
        return runs

    def check_history(self, asset: str, check: str) -> list[Answer]:
        """All rows of a check's execution history, newest first."""
        history: list[Answer] = self.ask(
            """query ($asset: AssetKeyInput!, $check: String!) {
              assetCheckExecutions(assetKey: $asset, checkName: $check, limit: 10000) {
                runId
                status
                partition
                evaluation {
                  partition
                  description
                  targetMaterialization { runId storageId }
                  metadataEntries {
                    label
                    ... on IntMetadataEntry { intValue }
                    ... on FloatMetadataEntry { floatValue }
                  }
                }
              }
            }""",
            asset=_key(asset),
            check=check,
        )["assetCheckExecutions"]
        return history

    def partition_statuses(self, asset: str) -> dict[str, str]:
        """The status of each day that has one, as the asset's Partitions tab colours it."""
        ranges: list[Answer] = self.ask(
            """query ($asset: AssetKeyInput!) {
              assetNodeOrError(assetKey: $asset) {
                ... on AssetNode {
                  assetPartitionStatuses {
                    ... on TimePartitionStatuses { ranges { startKey endKey status } }
                  }
                }
              }
            }""",
            asset=_key(asset),
        )["assetNodeOrError"]["assetPartitionStatuses"]["ranges"]
        return {
            day: found["status"]
            for found in ranges
            for day in days_between(found["startKey"], found["endKey"])
        }


def days_between(first: str, last: str) -> list[str]:
    """All days from the first to the last, both included."""
    start = date.fromisoformat(first)
    count = (date.fromisoformat(last) - start).days + 1
    return [(start + timedelta(days)).isoformat() for days in range(count)]


def _key(asset: str) -> Answer:
    return {"path": [asset]}


def wait_for(ended: Callable[[], Ended | None], seconds: float) -> Ended:
    """Ask again and again until there is an answer.

    Raises:
        TimeoutError: there is none after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ended():
            return answer
        time.sleep(1)
    raise TimeoutError(f"Not over after {seconds:.0f} seconds.")
