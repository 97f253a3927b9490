"""Where the sizes of other people's models come from: the shapes of their tensors, and configuration files for what those do not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Shapes:
    """The shapes of a checkpoint's tensors. A refusal calls them `what`, and says `otherwise` where one is missing that every model of the kind has."""

    tensors: Mapping[str, Tensor]
    what: str
    otherwise: str

    def of(self, name: str, dimensions: int) -> tuple[int, ...]:
        """The shape of a tensor. Raises ValueError, one line, where there is none of that name or with so many dimensions."""
        if name not in self.tensors:
            raise ValueError(f"{self.what}: missing: {name}; {self.otherwise}")
        shape = tuple(self.tensors[name].shape)
        if len(shape) != dimensions:
            raise ValueError(f"{self.what}: mis-shaped: {name} is {list(shape)} and must have {dimensions} dimensions")
        return shape

    def count(self, prefix: str) -> int:
        """How many modules are numbered behind `prefix`, up to the highest: one that is left out is then missing by name. Raises ValueError where there are none."""
        numbers = {int(number) for name in self.tensors if name.startswith(prefix) and (number := name.removeprefix(prefix).split(".")[0]).isdigit()}
        if not numbers:
            raise ValueError(f"{self.what}: missing: {prefix}0; {self.otherwise}")
        return max(numbers) + 1


def positive(name: str, value: object) -> int:
    """`value` of a configuration's field. Raises ValueError unless it is a size."""
    if type(value) is not int or value < 1:
        raise ValueError(f"configuration: {name} is {value!r}: must be a positive whole number")
    return value
