"""Checkpoint files of other people's models: read without running what is in them, and loaded parameter by parameter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

# As many names as fit in a line that is still read.
NAMED = 4


def read_torch_file(file: Path) -> object:
    """What `torch.save` wrote to `file`: tensors and plain containers only, since anything else could run code.

    Raises ValueError, one line, for a file that is not there, is damaged, is no checkpoint, or holds other things.
    """
    if not file.is_file():
        raise ValueError(f"{file} is not a file; give the checkpoint that was downloaded")
    # Mapped, a checkpoint of gigabytes is read as it is needed; files in the format before PyTorch 1.6 cannot be.
    for mapped in (True, False):
        try:
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
        except Exception as error:  # torch.load raises nearly anything for nearly anything.
            reason = " ".join(str(error).split())
            if mapped and "mmap" in reason:
                continue
            short = reason.split(". ")[0][:120]
            raise ValueError(f"{file} is not a PyTorch checkpoint of tensors alone ({type(error).__name__}: {short}); is the download complete?") from None
    raise AssertionError("unreachable")


def tensors_of(value: object, what: str, prefixes: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """A state dict with `prefixes` taken off the front of its names, however often they stand there.

    Raises ValueError when `value` is no mapping of names to tensors or two names become one.
    """
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{what} is {type(value).__name__ if not isinstance(value, Mapping) else 'empty'}: must be a state dict, names with tensors")
    found: dict[str, Tensor] = {}
    for name, tensor in value.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise ValueError(f"{what}: entry {name!r} is {type(tensor).__name__}: must be a tensor")
        short = name
        while prefix := next((prefix for prefix in prefixes if short.startswith(prefix)), None):
            short = short.removeprefix(prefix)
        if short in found:
            raise ValueError(f"{what}: two tensors are called {short} once {' and '.join(prefixes)} are taken off")
        found[short] = tensor
    return found


def load_parameters(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Gives every parameter and buffer of `module` (which may be on the meta device) the tensor of its name, as float32.

    Raises ValueError, one line, that names what is missing, what there is no place for, what has another shape, and what is not finite.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors]
    surplus = [name for name in tensors if name not in wanted]
    misshaped = [f"{name} is {list(tensors[name].shape)} and must be {list(value.shape)}"
                 for name, value in wanted.items() if name in tensors and tensors[name].shape != value.shape]
    faults = [f"{kind}: {listed(names)}" for kind, names in (("missing", missing), ("surplus", surplus), ("mis-shaped", misshaped)) if names]
    if faults:
        raise ValueError(f"{what}: {'; '.join(faults)}")
    given = {}
    for name, value in wanted.items():
        tensor = tensors[name]
        if value.is_floating_point():
            tensor = tensor.float()
            if not tensor.isfinite().all():
                raise ValueError(f"{what}: {name} holds numbers that are not finite; is the download complete?")
        given[name] = tensor
    module.load_state_dict(given, strict=True, assign=True)
    module.requires_grad_(False).eval()


def listed(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
