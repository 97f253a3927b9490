"""Protocol Buffers' text format, as much as a configuration needs: https://protobuf.dev/reference/protobuf/textformat-spec/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Enum:
    """A name that is written without quotes."""

    name: str


Value = str | int | bool | Enum | Mapping | Sequence


def text(message: Mapping[str, Value], indent: str = "") -> str:
    """Fields in their order. A list of messages is a repeated field, a list of anything else is one on a line; a mapping is a message."""
    lines = []
    for name, value in message.items():
        many = isinstance(value, Sequence) and not isinstance(value, str)
        if many and not any(isinstance(item, Mapping) for item in value):
            lines.append(f"{indent}{name}: [{', '.join(map(_scalar, value))}]\n")
            continue
        for item in value if many else [value]:
            if isinstance(item, Mapping):
                lines.append(f"{indent}{name} {{\n{text(item, indent + '  ')}{indent}}}\n")
            else:
                lines.append(f"{indent}{name}: {_scalar(item)}\n")
    return "".join(lines)


def _scalar(value: str | int | bool | Enum) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = "".join({"\\": "\\\\", '"': '\\"', "\n": "\\n"}.get(letter, letter) for letter in value)
    return f'"{escaped}"'
