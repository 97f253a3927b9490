"""Reads checkpoints that hold whole pickled modules, without running anything of theirs.

Some authors save `nn.Module` objects and not state dicts. Unpickling those runs whatever their classes say; here every class that is not on a short list becomes an inert
record of what was to be restored, and a module's tensors are then collected from its record.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor

# Names that build tensors and plain containers, and do nothing else.
PLAIN = {("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_parameter"), ("torch", "Size"),
         ("torch.serialization", "_get_layout"), ("torch", "device"), ("builtins", "set"), ("builtins", "dict"), ("builtins", "list"), ("builtins", "tuple")}


class Record:
    """Stands for an object of an unknown class: what it was built from and its state are kept, nothing is called."""

    def __init__(self, *arguments: object, **named: object) -> None:
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state

    def __call__(self, *arguments: object, **named: object) -> Record:
        return Record()

    # Containers that subclass list or dict hand over their items one by one.
    def append(self, item: object) -> None: ...

    def extend(self, items: object) -> None: ...

    def __setitem__(self, key: object, value: object) -> None: ...


class Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        # As protocol 2 writes it, which torch.save uses.
        module = "builtins" if module == "__builtin__" else module
        if (module, name) in PLAIN or (module == "torch" and name.endswith("Storage")) or (module == "torch.storage" and name in ("TypedStorage", "UntypedStorage")):
            return super().find_class(module, name)
        return Record


# What torch.load asks of a pickle module.
INERT = SimpleNamespace(Unpickler=Unpickler, load=lambda file, **more: Unpickler(file, **more).load(), __name__="inert")


def read_inert(file: Path) -> Mapping[str, object]:
    """The mapping that `file` holds, modules as records. Raises ValueError, one line, for a file that is no such checkpoint."""
    if not file.is_file():
        raise ValueError(f"{file} is not a file; give the checkpoint that was downloaded")
    try:
        content = torch.load(file, map_location="cpu", weights_only=False, pickle_module=INERT)
    except Exception as error:  # torch.load raises nearly anything for nearly anything.
        raise ValueError(f"{file} is not a PyTorch checkpoint ({type(error).__name__}: {' '.join(str(error).split())[:120]}); is the download complete?") from None
    if not isinstance(content, Mapping):
        raise ValueError(f"{file} holds a {type(content).__name__}: must be a mapping of names to modules or state dicts")
    return content


def state_dict(value: object, what: str) -> Mapping[str, object]:
    """A state dict, or that of a module's record. Raises ValueError for anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Record) and isinstance(value.state, Mapping) and "_parameters" in value.state:
        return dict(_tensors(value, ""))
    raise ValueError(f"{what} is neither a state dict nor a module")


def _tensors(module: Record, prefix: str) -> Iterator[tuple[str, Tensor]]:
    state = module.state if isinstance(module.state, Mapping) else {}
    skipped = state.get("_non_persistent_buffers_set") or ()
    for field in ("_parameters", "_buffers"):
        for name, tensor in (state.get(field) or {}).items():
            if tensor is not None and name not in skipped:
                yield prefix + name, tensor
    for name, child in (state.get("_modules") or {}).items():
        if isinstance(child, Record):
            yield from _tensors(child, f"{prefix}{name}.")
