"""Microsoft's packages for Node.js, installed below `.venv` when a test first needs them."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock

HERE = Path(__file__).parent
CACHE = HERE.parents[2] / ".venv" / "powerbi_tools"
PINNED = ("package.json", "package-lock.json")


def missing_tool() -> str:
    """What this machine lacks to run the packages; empty if nothing."""
    absent = [tool for tool in ("node", "npm") if not shutil.which(tool)]
    return f"not installed: {', '.join(absent)}" if absent else ""


def installed() -> Path:
    """The folder that has the packages in the versions of the lock file; takes seconds at first."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINNED)).hexdigest()
    folder = CACHE / digest[:12]
    complete = folder / "complete"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / ".lock"):
        if not complete.exists():
            for name in PINNED:
                shutil.copy(HERE / name, folder)
            # `npm ci` refuses a lock file without the packages of other platforms.
            command = ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
            complete.touch()
    return folder


def rejected_by_parser(expressions: Mapping[str, str]) -> dict[str, str]:
    """The expressions in M that Microsoft's parser rejects, by name, and what it says of each."""
    process = subprocess.run(
        ["node", HERE / "parse_m.js"],
        input=json.dumps(expressions),
        env={**os.environ, "NODE_PATH": str(installed() / "node_modules")},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    rejected: dict[str, str] = json.loads(process.stdout)
    return rejected


def modeling_server() -> Path | None:
    """The program of `@microsoft/powerbi-modeling-mcp`; None if there is none for this platform."""
    pattern = "node_modules/@microsoft/powerbi-modeling-mcp-*/dist/powerbi-modeling-mcp*"
    return next(iter(installed().glob(pattern)), None)


class ModelingServer:
    """A running server, which reads and writes TMDL with Microsoft's object model.

    It speaks the Model Context Protocol: JSON-RPC, one message a line.
    """

    def __init__(self, program: Path) -> None:
        program.chmod(0o755)
        self._process = subprocess.Popen(
            [program, "--start"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._requests = 0

    def __enter__(self) -> "ModelingServer":
        """The server, ready for calls."""
        client = {"name": "neo-assets tests", "version": "1"}
        start = {"protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": client}
        self._call("initialize", start)
        self._send({"method": "notifications/initialized"})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def do(self, tool: str, operation: str, **arguments: str) -> dict[str, Any]:
        """What an operation returns.

        Raises:
            RuntimeError: if the server reports an error.
        """
        request = {"operation": operation, **arguments}
        result = self._call("tools/call", {"name": tool, "arguments": {"request": request}})
        text = "".join(item.get("text", "") for item in result["content"])
        if not text.startswith("{"):
            raise RuntimeError(text)
        answer: dict[str, Any] = json.loads(text)
        if "data" not in answer:
            raise RuntimeError(answer["message"])
        return answer

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": params})
        assert self._process.stdout
        for line in self._process.stdout:
            message = json.loads(line)
            if message.get("id") == self._requests:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                return message["result"]
        raise RuntimeError("the server has ended")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()
