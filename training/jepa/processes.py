"""One process or several: on a CPU, on a GPU, or started by torchrun, one process a GPU (or a share of the cores)."""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as distributed
from torch import Tensor, nn


class Processes:
    """Device of this process, and what it has to agree on with the others; alone, agreeing costs nothing."""

    def __init__(self) -> None:
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count()) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(self.device)
        if self.count > 1:
            distributed.init_process_group("nccl" if cuda else "gloo")

    @property
    def first(self) -> bool:
        """Whether this process measures, writes and speaks."""
        return self.rank == 0

    def share_weights(self, module: nn.Module) -> None:
        """The first one's parameters and buffers (running statistics too) for all."""
        if self.count > 1:
            for value in [*module.parameters(), *module.buffers()]:
                distributed.broadcast(value.data, 0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        if self.count > 1:
            gradients = [p.grad for p in parameters if p.grad is not None]
            flat = torch.cat([gradient.flatten() for gradient in gradients])
            distributed.all_reduce(flat)
            for gradient, part in zip(gradients, (flat / self.count).split([g.numel() for g in gradients])):
                gradient.copy_(part.view_as(gradient))

    def agree(self, *numbers: float) -> list[float]:
        """The first one's numbers for all: clocks differ, and all must take the same steps."""
        if self.count == 1:
            return list(numbers)
        shared = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, 0)
        return shared.tolist()

    def any(self, flag: bool) -> bool:
        """Whether it is so for one of them."""
        if self.count == 1:
            return flag
        flags: Tensor = torch.tensor(float(flag), device=self.device)
        distributed.all_reduce(flags)
        return bool(flags > 0)

    def close(self) -> None:
        if self.count > 1:
            distributed.destroy_process_group()
