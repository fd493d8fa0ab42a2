"""A Spark Connect server of another kind than the one here: it answers what a new session asks.

Another version of Spark, or one without Delta, would be one more installation of Spark each.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import grpc  # type: ignore[import-untyped]
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc


class OtherSpark(base_pb2_grpc.SparkConnectServiceServicer):
    """It has this version, and these extensions of SQL; whatever else it is asked, it refuses."""

    def __init__(self, version: str, extensions: str) -> None:
        self._version, self._extensions = version, extensions
        self._id = str(uuid4())

    def AnalyzePlan(self, request: base_pb2.AnalyzePlanRequest, context: Any) -> Any:
        return base_pb2.AnalyzePlanResponse(
            session_id=request.session_id,
            server_side_session_id=self._id,
            spark_version=base_pb2.AnalyzePlanResponse.SparkVersion(version=self._version),
        )

    def Config(self, request: base_pb2.ConfigRequest, context: Any) -> Any:
        answer = base_pb2.ConfigResponse(
            session_id=request.session_id, server_side_session_id=self._id
        )
        if request.operation.WhichOneof("op_type") == "get_with_default":
            (asked,) = request.operation.get_with_default.pairs
            assert asked.key == "spark.sql.extensions"
            answer.pairs.add(key=asked.key, value=self._extensions or asked.value)
        return answer


@contextmanager
def other_spark(version: str, extensions: str, port: int = 0) -> Iterator[str]:
    """Run it for the length of the block; yield its address."""
    server = grpc.server(ThreadPoolExecutor(2))
    base_pb2_grpc.add_SparkConnectServiceServicer_to_server(  # type: ignore[no-untyped-call]
        OtherSpark(version, extensions), server
    )
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.stop(None)
