"""Plain values that travel as text: between a run and its job, or in a file that waits for one."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter

AnyMessage = TypeVar("AnyMessage", bound="Message")


class Message:
    """Base class of dataclasses that one process writes and another reads, as JSON."""

    def to_json(self) -> str:
        """Return the message as JSON."""
        return TypeAdapter(type(self)).dump_json(self).decode()

    @classmethod
    def from_json(cls: type[AnyMessage], text: str) -> AnyMessage:
        """Read a message from JSON.

        Raises:
            pydantic.ValidationError: the JSON is not such a message.
        """
        return TypeAdapter(cls).validate_json(text)
