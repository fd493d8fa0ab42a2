"""Calls in a thread of their own, so that waiting for them can be cut short."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

_Returned = TypeVar("_Returned")


def start_in_background(call: Callable[[], _Returned]) -> Future[_Returned]:
    """Start the call; the future is what it returns or raises, and nothing waits for it at exit."""
    outcome: Future[_Returned] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:
            outcome.set_exception(error)

    # Not an executor's thread: the interpreter waits for those before it exits.
    Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return outcome
