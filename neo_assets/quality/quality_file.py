"""The quality file as YAML, with the line of everything in it.

rules:
  - name: implausible_velocity       # a rule of the project: its action can be changed
    action: drop
  - name: faint                      # a rule of one's own
    demand: is bright enough to be followed up
    condition: absolute_magnitude_h < 30
    column: absolute_magnitude_h
    action: warn
tolerances:                          # above any of them a day is held
  - {asset: silver_neo_events, rule: invalid_velocity, rows: 3}
  - {asset: bronze_neo_events, share: 0.5}
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from neo_assets.settings import SettingsError

Location = Sequence[str | int]
"""The way to a value: `("rules", 0, "action")`."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleChange(_Strict):
    """An entry of `rules`; `asset` is the silver asset that it is about, by default the first."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    action: Literal["warn", "drop", "fail"]
    asset: str = ""
    demand: str = ""
    condition: str = ""
    column: str = ""


class Limit(_Strict):
    """One entry of `tolerances` in the quality file."""

    asset: str | None = None
    rule: str | None = None
    rows: int | None = Field(None, ge=0)
    share: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _has_a_limit(self) -> "Limit":
        if self.rows is None and self.share is None:
            raise ValueError("needs rows or share")
        return self


class Content(_Strict):
    """The content of the quality file."""

    rules: tuple[RuleChange, ...] = ()
    tolerances: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class QualityFile:
    """A file that was read: what it says, and where it says it."""

    name: str
    text: str
    content: Content
    root: yaml.Node | None

    @classmethod
    def read(cls, path: Path) -> "QualityFile":
        """Read and validate a quality file.

        Raises:
            SettingsError: it cannot be read, or has another form; with the line.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise _unusable(str(path), error.strerror or str(error)) from None
        except UnicodeDecodeError as error:
            number = path.read_bytes()[: error.start].count(b"\n") + 1
            raise _unusable(f"{path}, line {number}", "is not text in UTF-8") from None
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            value = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f", line {mark.line + 1}" if mark else ""
            raise _unusable(f"{path}{line}", f"is not YAML: {error.problem}") from None
        except (yaml.YAMLError, ValueError) as error:
            raise _unusable(str(path), f"is not YAML: {' '.join(str(error).split())}") from None
        file = cls(str(path), text, Content(), root)
        file._refuse_repeated_keys()
        try:
            return cls(
                str(path), text, Content.model_validate({} if value is None else value), root
            )
        except ValidationError as error:
            problem, *_ = error.errors()
            message = problem["msg"].removeprefix("Value error, ")
            raise file.error(problem["loc"], message) from None

    def place(self, location: Location, fragment: str = "") -> str:
        """`quality.yaml, line 7`: of the fragment in a value, else of the value."""
        line = self._line(location, fragment)
        return f"{self.name}, line {line}" if line else self.name

    def error(self, location: Location, message: str, fragment: str = "") -> SettingsError:
        """Return the error about a value, or about a part of it."""
        where = ".".join(map(str, location))
        return _unusable(
            self.place(location, fragment), f"{where}: {message}" if where else message
        )

    def _line(self, location: Location, fragment: str) -> int | None:
        node = self.root
        for step in location:
            found = _child(node, step)
            if found is None:
                break
            node = found
        if node is None:
            return None
        start, end = node.start_mark, node.end_mark
        position = self.text[start.index : end.index].find(fragment) if fragment else 0
        return start.line + 1 + self.text.count("\n", start.index, start.index + max(position, 0))

    def _refuse_repeated_keys(self) -> None:
        """YAML would silently take the last one."""
        to_see, seen = [self.root], set()
        while to_see:
            node = to_see.pop()
            # An alias may refer to the node that contains it.
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                to_see += node.value
            elif isinstance(node, yaml.MappingNode):
                to_see += [item for _, item in node.value]
                keys = set()
                for key, _ in node.value:
                    if key.value in keys:
                        line = key.start_mark.line + 1
                        raise _unusable(f"{self.name}, line {line}", f"{key.value} is there twice")
                    keys.add(key.value)


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        item: yaml.Node = node.value[step]
        return item
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, yaml.Node] = {key.value: item for key, item in node.value}
        return found.get(step)
    return None


def _unusable(place: str, reason: str) -> SettingsError:
    return SettingsError(f"NEO_QUALITY_FILE: {place}: {reason}")
