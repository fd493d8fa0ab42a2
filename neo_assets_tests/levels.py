"""Which tests `make test-unit`, `make test` and `make test-all` run.

A test belongs to the lowest level that is named for it here, by its path from this folder:

- `unit`: no Java, no browser; whatever is not named and does not need the shared Spark server.
- `integration`: every part of the product once on the real thing; in `make test` too.
- `exhaustive`: further cases of the same; with the ones before what CI runs.
- `nightly`: what CI has no time for; in `make test-all` alone.
"""

LEVELS = ("unit", "integration", "exhaustive", "nightly")

INTEGRATION = (
    "dashboard/test_page.py",
    "lakehouse/schema_tracking/test_tracking.py",
    "lakehouse/test_bronze.py",
    "lakehouse/test_cad_approaches.py::test_from_event_files_to_silver",
    "lakehouse/test_fireballs.py",
    "lakehouse/test_metrics.py",
    "lakehouse/test_replay.py",
    "lakehouse/test_rules.py",
    "lakehouse/test_silver.py",
    "powerbi/test_loaded.py",
    "spark_server/test_delta_jars.py",
    "spark_server/test_java.py",
    "spark_server/test_ports.py",
    "targets/databricks/test_jobs.py",
    "targets/local/",
    "targets/test_toy.py",
    "test_cli.py::test_backfill_and_status",
    "test_data_folder.py",
    "test_deployment.py::test_separate_processes_of_a_team",
    "test_dirty_feed.py::test_each_row_is_found_again_in_exactly_one_place",
    "test_exactly_once.py::test_a_kill_at_any_moment[False-4]",
    "test_exactly_once.py::test_two_runs_at_once_on_the_same_stream",
    "test_graph.py::test_a_day_with_too_many_drops_is_held_back_from_gold",
    "test_graph.py::test_a_second_run_changes_nothing_and_every_check_has_a_row_a_day",
    "test_graph.py::test_materializations_show_what_people_look_for",
    "test_graph.py::test_the_key_is_nowhere",
    "test_replay.py::test_replay_needs_no_feed_and_is_in_the_history",
    "test_stopping.py",
    "test_stopping_in_spark.py::test_a_backfill[in silver]",
    "ui/test_backfill_history.py",
)

EXHAUSTIVE = (
    "automation/test_alerts.py::test_the_daemon_reports_a_feed_that_is_down",
    "spark_server/",
    "test_cli.py::test_dagsters_own_command_line",
    "test_moved_data_folder.py",
    "test_setup.py",
    "test_spark_dies.py",
    "ui/",
)
"""Those with servers of their own; every other test that needs the shared one is exhaustive too."""


NIGHTLY = (
    "lakehouse/test_changed_rules.py::test_any_order_of_rules_snapshots_and_replays",
    "lakehouse/test_checkpoints.py",
    "lakehouse/test_cluster.py",
    "lakehouse/test_quarantine_status.py",
    "sources/test_risk_lists.py",
    "test_moved_data_folder.py::test_a_folder_whose_name_has_every_character_that_is_not_refused",
    "test_recorded_faults.py",
    "test_stopping_in_spark.py",
    "ui/test_canceling.py",
)


def level_of(test: str, *, needs_spark: bool) -> str:
    """The level of a test, given by its path from this folder and its name, as pytest has them."""
    if test.startswith(INTEGRATION):
        return "integration"
    if test.startswith(NIGHTLY):
        return "nightly"
    return "exhaustive" if needs_spark or test.startswith(EXHAUSTIVE) else "unit"


LONGEST = (
    "ui/",
    "targets/databricks/test_graph.py",
    "test_replay.py",
    "test_graph.py",
    "test_spark_dies.py",
    "test_moved_data_folder.py",
    "test_setup.py",
    "test_stopping.py",
    "test_exactly_once.py",
    "test_dirty_feed.py",
    "test_cli.py",
    "lakehouse/",
)
"""What is started first, so that no worker is left with a long one when the others are done."""


def longest_first(test: str) -> int:
    """The place of a test in the order in which workers receive them."""
    path = test.partition("/")[2]
    return next(
        (place for place, begin in enumerate(LONGEST) if path.startswith(begin)), len(LONGEST)
    )


def worker_scope(test: str) -> str:
    """The tests that one worker runs: those of a file, and all of the UI, which share a server."""
    path = test.partition("::")[0]
    return path.rpartition("/")[0] if "/ui/" in path else path
