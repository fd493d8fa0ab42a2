"""Microsoft's packages for Node.js that read the semantic model."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


def rejected_by_parser(expressions: Mapping[str, str], packages: Path) -> dict[str, str]:
    """The expressions in M that Microsoft's parser rejects, by name, and what it says of each.

    `packages` is the folder of npm's packages.
    """
    process = subprocess.run(
        ["node", Path(__file__).with_name("parse_m.js")],
        input=json.dumps(expressions),
        env={**os.environ, "NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    rejected: dict[str, str] = json.loads(process.stdout)
    return rejected


def modeling_server(packages: Path) -> Path | None:
    """The program of `@microsoft/powerbi-modeling-mcp`; None if there is none for this platform."""
    pattern = "@microsoft/powerbi-modeling-mcp-*/dist/powerbi-modeling-mcp*"
    return next(iter(packages.glob(pattern)), None)


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
