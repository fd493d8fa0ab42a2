"""A fake Databricks workspace, over real HTTP, that really runs the jobs it is sent.

It implements the parts of the Files, Jobs, Unity Catalog and OAuth APIs that databricks-sdk and the
project need, and misbehaves as a test asks.  A submitted wheel task is installed into a folder
and run in a process of its own by `launcher.py`, which knows nothing of this process but what a
cluster would: the volumes, and a Spark to talk to.

Volumes are folders below `root`.  Databricks serverless compute is a Spark Connect server, and so
is what jobs find here; its catalog is `spark_catalog`, the only one that open-source Spark has.

`minilake` 1.9.0 from PyPI was looked at first, and is not used: it runs no wheel tasks, takes any
token, has no OAuth, writes files in place rather than whole, and cannot be made to fail; and it
brings FastAPI, uvicorn and docker.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from neo_assets_tests.faults import injected

JsonObject = dict[str, Any]

LAUNCHER = Path(__file__).with_name("launcher.py")
WAREHOUSE = "0123456789abcdef"
CLUSTER = "0301-120000-abcdefgh"
POINTER_AT_OUTPUT = "Workload failed, see run output for details"
JOBS_CALL = "/api/2.2/jobs/(get|run-now|runs/(?:submit|get|get-output|cancel))"
TASK_RUNS = 1_000_000
"""What is added to the number of a run for that of its task."""
CANCELED_AFTER_S = 0.2
ENTRIES_OF_A_PAGE = 3
"""So few that every listing of a few files has several pages."""


@dataclass
class Fault:
    """What is answered instead, `times` times, where method and path match `on`.

    Without an error code it is the page of a gateway.
    """

    on: str
    status: int
    times: int = 1
    error_code: str = ""
    retry_after: int | None = None
    carries_out: bool = False
    hangs_up: bool = False
    cuts_off: bool = False


@dataclass
class JobRun:
    """A run that was submitted, or of a saved job with these parameters."""

    number: int
    specification: JsonObject
    job_id: int = 0
    parameters: dict[str, str] = field(default_factory=dict)
    state: JsonObject = field(default_factory=lambda: {"life_cycle_state": "PENDING"})
    termination: JsonObject = field(default_factory=dict)
    started_at: int = field(default_factory=lambda: int(time.time() * 1000))
    error: str = ""
    error_trace: str = ""
    process: subprocess.Popen[bytes] | None = None
    is_canceled: bool = False

    @property
    def is_over(self) -> bool:
        return self.state["life_cycle_state"] in ("TERMINATED", "INTERNAL_ERROR", "SKIPPED")

    def end(self, result: str, code: str, kind: str, message: str = "") -> None:
        if not self.is_over and (result == "CANCELED" or not self.is_canceled):
            self.termination = {"code": code, "type": kind, "message": message}
            failed = result in ("FAILED", "")
            self.state = {
                "life_cycle_state": "INTERNAL_ERROR" if failed else "TERMINATED",
                "state_message": message,
                **({"result_state": result} if result else {}),
            }


@dataclass
class FakeWorkspace:
    """One workspace; `behaviour` is what the launcher does with the stage, see there."""

    root: Path
    spark_remote: str = ""
    behaviour: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    starts_that_fail: int = 0
    answers_in_queue: int = 0
    denied: set[str] = field(default_factory=set)
    token: str = field(default_factory=lambda: f"dapi{secrets.token_hex(16)}")
    client_id: str = field(default_factory=lambda: secrets.token_hex(8))
    client_secret: str = field(default_factory=lambda: f"dose{secrets.token_hex(16)}")
    access_tokens: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    saved_jobs: dict[int, JsonObject] = field(default_factory=dict)
    runs: dict[int, JobRun] = field(default_factory=dict)
    by_idempotency_token: dict[str, int] = field(default_factory=dict)
    answers: dict[str, list[list[str]] | str] = field(default_factory=dict)
    byte_limits: dict[str, int] = field(default_factory=dict)
    host: str = ""
    lock: Lock = field(default_factory=Lock)

    def volume(self, *parts: str) -> Path:
        return self.root.joinpath("Volumes", *parts)

    def place(self, path: str) -> Path:
        place = (self.root / path.lstrip("/")).resolve()
        assert place.is_relative_to(self.root.resolve())
        return place

    def start(
        self, specification: JsonObject, token: str, job_id: int = 0, **parameters: str
    ) -> int:
        with self.lock:
            if token in self.by_idempotency_token:
                return self.by_idempotency_token[token]
            number = 1000 + len(self.runs)
            self.runs[number] = JobRun(number, specification, job_id, parameters)
            if token:
                self.by_idempotency_token[token] = number
        Thread(target=self._run, args=(self.runs[number],), daemon=True).start()
        return number

    def page(self, run: JobRun) -> str:
        job = f"{run.job_id}/" if run.job_id else ""
        return f"{self.host}/?o=900800700600#job/{job}run/{run.number}"

    def cancel(self, number: int) -> None:
        """Cancel a run, which is over some time later."""
        run = self.runs[number]
        if run.is_over:
            return
        run.is_canceled, run.state = True, {"life_cycle_state": "TERMINATING"}
        end = ("CANCELED", "USER_CANCELED", "SUCCESS", "Run cancelled.")
        Timer(CANCELED_AFTER_S, run.end, end).start()
        if run.process:
            _kill(run.process)

    def ask(self, statement: JsonObject) -> list[list[str]] | str:
        """What a SQL warehouse answers, or why it does not."""
        assert statement["warehouse_id"] == WAREHOUSE
        spark = SparkSession.builder.remote(self.spark_remote).create()
        # The parser of open-source Delta passes over parameters: they are written in here.
        values = {each["name"]: repr(each["value"]) for each in statement["parameters"]}
        asked = re.sub(r":([a-z]+)\b", lambda match: values[match[1]], statement["statement"])
        try:
            rows = spark.sql(asked).collect()
            return [[str(value) for value in row] for row in rows]
        except PySparkException as error:
            return str(error).splitlines()[0]
        finally:
            spark.stop()

    def run_sql(self, statement: str) -> list[tuple[str, ...]]:
        """The rows of a statement; none without a Spark."""
        if not self.spark_remote:
            return []
        spark = SparkSession.builder.remote(self.spark_remote).create()
        try:
            return [tuple(row) for row in spark.sql(statement).collect()]
        finally:
            spark.stop()

    def _run(self, run: JobRun) -> None:
        (task,) = run.specification["tasks"]
        with self.lock:
            self.starts_that_fail -= 1
            fails = self.starts_that_fail >= 0
            behaviour = self.behaviour.pop(0) if self.behaviour else "run"
        if fails:
            injected("job starts")
            run.end("", "CLOUD_FAILURE", "CLOUD_FAILURE", "The cloud has no machine of this kind.")
            return
        wheels, problem = self._libraries(run.specification, task)
        if problem:
            run.end("FAILED", "LIBRARY_INSTALLATION_ERROR", "CLIENT_ERROR", problem)
            return
        work = self.root / "jobs" / str(run.number)
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(work / "site")
        wheel_task = task["python_wheel_task"]
        parameters = [_filled(each, run) for each in wheel_task.get("parameters", [])]
        with self.lock:
            if run.is_over or run.is_canceled:
                return
            run.process = subprocess.Popen(
                [
                    *(sys.executable, str(LAUNCHER), str(self.root / "Volumes"), behaviour),
                    *(wheel_task["package_name"], wheel_task["entry_point"]),
                    *parameters,
                ],
                cwd=work,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(work / "site"),
                    **({"SPARK_REMOTE": self.spark_remote} if self.spark_remote else {}),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            run.state = {"life_cycle_state": "RUNNING"}
        limit = run.specification.get("timeout_seconds")
        try:
            _, errors = run.process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            run.end("TIMEDOUT", "RUN_EXECUTION_ERROR", "CLIENT_ERROR", "The run was timed out.")
            _kill(run.process)
            _, errors = run.process.communicate()
        if run.process.returncode:
            run.error_trace = errors.decode(errors="replace")
            run.error = _message_of(run.error_trace)
            message = f"Task {task['task_key']} failed with message: {POINTER_AT_OUTPUT}."
            run.end("FAILED", "RUN_EXECUTION_ERROR", "CLIENT_ERROR", message)
        else:
            run.end("SUCCESS", "SUCCESS", "SUCCESS")

    def _libraries(self, job: JsonObject, task: JsonObject) -> tuple[list[Path], str]:
        """The wheels of a task, or why they cannot be installed."""
        if "existing_cluster_id" in task or "new_cluster" in task:
            wheels = [library["whl"] for library in task.get("libraries", [])]
        else:
            specified = {each["environment_key"]: each["spec"] for each in job["environments"]}
            environment = specified[task["environment_key"]]
            assert environment["environment_version"].isdecimal()
            wheels = environment["dependencies"]
        missing = [wheel for wheel in wheels if not self.place(wheel).is_file()]
        problem = f"The library {missing[0]} is not there." if missing else ""
        return [self.place(wheel) for wheel in wheels], problem


def _filled(parameter: str, run: JobRun) -> str:
    """The parameter with the values of the names in braces."""
    values = {f"job.parameters.{name}": value for name, value in run.parameters.items()}
    known = {**values, "job.run_id": str(run.number)}
    return re.sub("{{([a-z_.]+)}}", lambda name: known[name[1]], parameter)


def _message_of(trace: str) -> str:
    """The message of the exception that a traceback ends with, or all of it without a traceback."""
    lines = trace.splitlines()
    last = max((number for number, line in enumerate(lines) if line.startswith("  ")), default=-1)
    return "\n".join(lines[last + 1 :])


@contextmanager
def serve(fake: FakeWorkspace) -> Iterator[FakeWorkspace]:
    """Serve for the length of the block; then end every job that still runs."""

    class Handler(_Handler):
        workspace = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    fake.host = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for run in fake.runs.values():
            if run.process and run.process.poll() is None:
                _kill(run.process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class _Handler(BaseHTTPRequestHandler):
    workspace: FakeWorkspace
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _answer(self) -> None:
        address = urlsplit(self.path)
        path, query = unquote(address.path), dict(parse_qsl(address.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.workspace.asked.append(f"{self.command} {path}")
        with suppress(ConnectionError):
            if not self._misbehaves(path, query, body):
                self._answer_well(path, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def _misbehaves(self, path: str, query: dict[str, str], body: bytes) -> bool:
        for fault in self.workspace.faults:
            if fault.times > 0 and re.search(fault.on, f"{self.command} {path}"):
                fault.times -= 1
                injected("answers of the workspace")
                answers, self.close_connection = self.wfile, fault.hangs_up or fault.cuts_off
                if fault.hangs_up or fault.carries_out:
                    # All is done, and the answer is lost.
                    self.wfile = io.BytesIO()
                    self._answer_well(path, query, body)
                    self.wfile = answers
                if fault.hangs_up:
                    return True
                if fault.cuts_off:
                    self._send(200, b"half of ", missing=8)
                    return True
                headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
                if not fault.error_code:
                    phrase = HTTPStatus(fault.status).phrase
                    page = f"<html><title>{fault.status} {phrase}</title></html>"
                    self._send(fault.status, page.encode(), {"Content-Type": "text/html"})
                    return True
                self._refuse(fault.status, fault.error_code, "A test asks it to.", headers)
                return True
        return False

    def _answer_well(self, path: str, query: dict[str, str], body: bytes) -> None:
        if path == "/.well-known/databricks-config":
            # Newer SDKs ask, without a token.
            self._log({"oidc_endpoint": f"{self.workspace.host}/oidc", "workspace_id": "9008"})
        elif path.startswith("/oidc/"):
            self._oauth(path)
        elif not self._is_known():
            self._refuse(401, "UNAUTHENTICATED", "The token is unknown.")
        elif place := re.fullmatch("/api/2.0/fs/(files|directories)(/.*)", path):
            self._files(place[1], place[2].rstrip("/"), query, body)
        elif call := re.fullmatch(JOBS_CALL, path):
            self._jobs(call[1], query, json.loads(body or b"{}"))
        elif re.match("/api/2.0/sql/statements(/|$)", path):
            # An older SDK sends a slash at the end.
            self._statements(path.split("/")[5:], json.loads(body or b"{}"))
        elif re.match("/api/2.[01]/(unity-catalog|preview/scim)/", path):
            self._catalog(path, query)
        else:
            self._refuse(404, "ENDPOINT_NOT_FOUND", f"No API found for {path}")

    def _is_known(self) -> bool:
        known = {self.workspace.token, *self.workspace.access_tokens}
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ") in known

    def _oauth(self, path: str) -> None:
        workspace = self.workspace
        if path == "/oidc/.well-known/oauth-authorization-server":
            token_endpoint = f"{workspace.host}/oidc/v1/token"
            self._log({"token_endpoint": token_endpoint, "authorization_endpoint": token_endpoint})
            return
        secret = f"{workspace.client_id}:{workspace.client_secret}".encode()
        if self.headers.get("Authorization") != f"Basic {base64.b64encode(secret).decode()}":
            self._log({"error": "invalid_client", "error_description": "No such client"}, 401)
            return
        token = secrets.token_urlsafe()
        workspace.access_tokens.add(token)
        self._log({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _files(self, kind: str, path: str, query: dict[str, str], body: bytes) -> None:
        place = self.workspace.place(path)
        volume = self.workspace.volume(*path.split("/")[2:5])
        if not path.startswith("/Volumes/") or not volume.is_dir():
            self._refuse(404, "NOT_FOUND", f"{path} is in no volume.")
        elif "WRITE_VOLUME" in self.workspace.denied and self.command in ("PUT", "DELETE"):
            self._refuse(403, "PERMISSION_DENIED", "User does not have WRITE VOLUME on Volume.")
        elif kind == "directories":
            self._directory(path, place, query)
        elif self.command == "PUT":
            self._upload(path, place, query, body)
        elif not place.is_file():
            self._refuse(404, "NOT_FOUND", f"The file {path} does not exist.")
        elif self.command == "DELETE":
            place.unlink()
            self._send(204)
        else:
            self._send(200, place.read_bytes(), {"Content-Type": "application/octet-stream"})

    def _upload(self, path: str, place: Path, query: dict[str, str], body: bytes) -> None:
        if not place.parent.is_dir():
            self._refuse(404, "NOT_FOUND", f"The directory of {path} does not exist.")
        elif place.exists() and query.get("overwrite") != "true":
            self._refuse(409, "ALREADY_EXISTS", f"{path} already exists.")
        else:
            # As object storage does: there is nothing to see before all is there.
            unfinished = self.workspace.root / secrets.token_hex(8)
            unfinished.write_bytes(body)
            unfinished.rename(place)
            self._send(204)

    def _directory(self, path: str, place: Path, query: dict[str, str]) -> None:
        if self.command == "PUT" and place.is_file():
            self._refuse(409, "ALREADY_EXISTS", f"{path} is an existing file.")
        elif self.command == "PUT":
            place.mkdir(parents=True, exist_ok=True)
            self._send(204)
        elif not place.is_dir():
            self._refuse(404, "NOT_FOUND", f"The directory {path} does not exist.")
        elif self.command == "HEAD":
            self._send(200)
        elif self.command == "DELETE":
            if any(place.iterdir()):
                self._refuse(400, "FAILED_PRECONDITION", f"The directory {path} is not empty.")
            else:
                place.rmdir()
                self._send(204)
        else:
            entries = [
                {
                    "path": f"{path}/{entry.name}",
                    "name": entry.name,
                    **(
                        {"is_directory": True}
                        if entry.is_dir()
                        else {"file_size": entry.stat().st_size}
                    ),
                }
                for entry in sorted(place.iterdir())
            ]
            start = int(query.get("page_token") or 0)
            end = start + ENTRIES_OF_A_PAGE
            more = {"next_page_token": str(end)} if end < len(entries) else {}
            # Nothing is said of what is empty or false.
            self._log({"contents": entries[start:end], **more} if entries else {})

    def _jobs(self, call: str, query: dict[str, str], body: JsonObject) -> None:
        if call in ("runs/submit", "run-now"):
            self._start(call, body)
        elif call == "get":
            self._saved_job(int(query["job_id"]))
        else:
            self._job_run(call, int(body.get("run_id") or query["run_id"]))

    def _start(self, call: str, body: JsonObject) -> None:
        workspace, token = self.workspace, body.get("idempotency_token", "")
        if "JOBS" in workspace.denied:
            self._refuse(403, "PERMISSION_DENIED", "No permission to start the job.")
        elif len(token) > 64:
            self._refuse(400, "INVALID_PARAMETER_VALUE", "The idempotency token is too long.")
        elif call == "runs/submit":
            (task,) = body["tasks"]
            if task.get("existing_cluster_id", CLUSTER) != CLUSTER:
                self._refuse(400, "INVALID_PARAMETER_VALUE", "The cluster does not exist.")
            else:
                self._log({"run_id": workspace.start(body, token)})
        elif body["job_id"] not in workspace.saved_jobs:
            self._send(404)
        else:
            job = workspace.saved_jobs[body["job_id"]]
            parameters = {each["name"]: each["default"] for each in job["parameters"]}
            parameters |= body.get("job_parameters", {})
            self._log({"run_id": workspace.start(job, token, body["job_id"], **parameters)})

    def _saved_job(self, number: int) -> None:
        job = self.workspace.saved_jobs.get(number)
        if job is None:
            self._log({"message": f"Job {number} does not exist."}, 404)
        else:
            self._log({"job_id": number, "settings": job})

    def _job_run(self, call: str, number: int) -> None:
        workspace, of_task = self.workspace, call == "runs/get-output"
        # Only a task has an output.
        run = workspace.runs.get(number - (TASK_RUNS if of_task else 0))
        if run is None:
            self._send(404)
        elif call == "runs/cancel":
            workspace.cancel(number)
            self._send(200)
        elif of_task:
            failed = {"error": run.error, "error_trace": run.error_trace}
            self._log(failed if run.error else {})
        else:
            state = run.state
            status = {"termination_details": run.termination} if run.termination else {}
            if workspace.answers_in_queue:
                workspace.answers_in_queue -= 1
                state = {"life_cycle_state": "QUEUED"}
                status = {
                    "queue_details": {"code": "ACTIVE_RUNS_LIMIT_REACHED", "message": "Full."}
                }
            (task,) = run.specification["tasks"]
            self._log(
                {
                    "run_id": number,
                    "run_name": run.specification.get("run_name") or run.specification["name"],
                    "run_page_url": workspace.page(run),
                    "start_time": run.started_at,
                    "state": state,
                    "status": status,
                    "tasks": [{"run_id": number + TASK_RUNS, "task_key": task["task_key"]}],
                }
            )

    def _statements(self, place: list[str], body: JsonObject) -> None:
        """Statements that are first pending, and answers of a few rows a chunk."""
        answers, limits = self.workspace.answers, self.workspace.byte_limits
        if self.command == "POST":
            number = str(len(answers))
            answers[number] = self.workspace.ask(body)
            limits[number] = body.get("byte_limit", 2**40)
            self._log({"statement_id": number, "status": {"state": "PENDING"}})
            return
        number, *chunk = place
        found = answers.get(number)
        if found is None:
            self._send(404)
            return
        if isinstance(found, str):
            error = {"error_code": "BAD_REQUEST", "message": found}
            status = {"state": "FAILED", "error": error}
            self._log({"statement_id": number, "status": status})
            return
        start = int(chunk[2] if chunk else 0) * ENTRIES_OF_A_PAGE
        # The CLI reads the number of chunks too, and not `next_chunk_index`.
        result = {"data_array": found[start : start + ENTRIES_OF_A_PAGE]}
        manifest = {
            "total_chunk_count": -(-len(found) // ENTRIES_OF_A_PAGE),
            "truncated": len(json.dumps(found)) > limits[number],
        }
        status = {"statement_id": number, "status": {"state": "SUCCEEDED"}, "manifest": manifest}
        self._log(result if chunk else {**status, "result": result if found else {}})

    def _catalog(self, path: str, query: dict[str, str]) -> None:
        kind, _, name = path.partition("unity-catalog/")[2].partition("/")
        if not kind:
            self._log({"userName": "pipeline"})
        elif kind == "tables" and self.command == "DELETE":
            self.workspace.run_sql(f"DROP TABLE {name}")
            self._log({})
        elif kind == "tables":
            rows = self.workspace.run_sql(f"SHOW TABLES IN {query['schema_name']}")
            self._log({"tables": [{"name": name} for _, name, _ in rows]})
        elif kind == "schemas" and self.workspace.volume(*name.split(".")).is_dir():
            self._log({"name": name.rpartition(".")[2], "full_name": name})
        elif self.workspace.volume(*name.split(".")).is_dir():
            self._log({"name": name.rpartition(".")[2]})
        else:
            self._refuse(404, f"{kind[:-1].upper()}_DOES_NOT_EXIST", f"'{name}' does not exist.")

    def _log(self, content: JsonObject, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _refuse(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        content = json.dumps({"error_code": code, "message": message}).encode()
        self._send(status, content, {"Content-Type": "application/json", **(headers or {})})

    def _send(
        self,
        status: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        missing: int = 0,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
