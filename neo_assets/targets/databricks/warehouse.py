"""Queries for the commands that look at tables: a SQL warehouse answers in seconds."""

import json
import time
from collections.abc import Iterator
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import sql

from neo_assets.targets.databricks.job_failure import is_conflict
from neo_assets.targets.databricks.workspace_error import NoTableError, WorkspaceError

ATTEMPTS = 3
POLL_INTERVAL_S = 1
ANSWER_MIB = 10
"""At most this much is asked for.  An answer of more than 25 MiB fails, and what counts there is
longer, because quotes are escaped."""
_NO_TABLE = "[TABLE_OR_VIEW_NOT_FOUND]"
_UNFINISHED = (sql.StatementState.PENDING, sql.StatementState.RUNNING)


class Warehouse:
    """One SQL warehouse of a workspace."""

    def __init__(self, client: WorkspaceClient, warehouse_id: str) -> None:
        self._statements = client.statement_execution
        self._warehouse_id = warehouse_id

    def rows(self, query: str, **parameters: str) -> list[dict[str, Any]]:
        """The rows of a query in any order, with values as JSON has them."""
        packed = f"SELECT to_json(struct(*), map('ignoreNullFields', 'false')) FROM ({query})"
        return [json.loads(row[0]) for row in self._execute(packed, parameters)]

    def change(self, statement: str, **parameters: str) -> None:
        """Run an UPDATE.

        A statement whose answer is lost is sent again, and the second one changes nothing: its
        number of rows means nothing.  After a conflict with another writer it is sent again here.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                list(self._execute(statement, parameters))
                return
            except WorkspaceError as error:
                if attempt == ATTEMPTS or not is_conflict(str(error)):
                    raise

    def _execute(self, statement: str, parameters: dict[str, str]) -> Iterator[list[str]]:
        """The rows of the answer.

        Raises:
            NoTableError: a table does not exist.
            WorkspaceError: the statement failed; the message has the reason.
        """
        answer = self._statements.execute_statement(
            statement,
            self._warehouse_id,
            byte_limit=ANSWER_MIB * 2**20,
            parameters=[
                sql.StatementParameterListItem(name, value=value)
                for name, value in parameters.items()
            ],
        )
        number = answer.statement_id or ""
        while answer.status and answer.status.state in _UNFINISHED:
            time.sleep(POLL_INTERVAL_S)
            answer = self._statements.get_statement(number)
        status = answer.status or sql.StatementStatus()
        if status.state is not sql.StatementState.SUCCEEDED:
            reason = (status.error and status.error.message) or str(status.state)
            if _NO_TABLE in reason:
                raise NoTableError(reason)
            raise WorkspaceError(f"The SQL warehouse could not answer: {reason}")
        if answer.manifest and answer.manifest.truncated:
            raise WorkspaceError(
                f"The answer of the SQL warehouse would have more than {ANSWER_MIB} MiB: choose "
                "fewer rows, with --day, --rule or --file"
            )
        yield from (answer.result and answer.result.data_array) or []
        chunks = (answer.manifest and answer.manifest.total_chunk_count) or 0
        for chunk in range(1, chunks):
            yield from self._statements.get_statement_result_chunk_n(number, chunk).data_array or []
