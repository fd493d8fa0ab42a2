"""Where Dagster finds the event log: every instance folder's `dagster.yaml` names this class path.

The class itself is `neo_assets.dagster_internals.event_log.EventLog`. This path has to stay as long
as there are instances whose configuration was written with it.
"""

from neo_assets.dagster_internals.event_log import EventLog as EventLog
