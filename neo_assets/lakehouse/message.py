"""Plain values that travel as text: between a run and its job, or in a file that waits for one."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter

AnyMessage = TypeVar("AnyMessage", bound="Message")


class Message:
    """What dataclasses inherit that are read where they were not written."""

    def to_json(self) -> str:
        """As text."""
        return TypeAdapter(type(self)).dump_json(self).decode()

    @classmethod
    def from_json(cls: type[AnyMessage], text: str) -> AnyMessage:
        """What a text says.

        Raises:
            pydantic.ValidationError: it says something else.
        """
        return TypeAdapter(cls).validate_json(text)
