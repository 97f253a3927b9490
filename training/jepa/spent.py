"""What a training has used of the machine."""

from __future__ import annotations

import time

import torch


class SpentTime:
    """Seconds of computing since the start. On a CPU those of its threads, by their number: on a machine that does other things as well a budget buys as much
    training as on one that does not, and runs can be compared. On a GPU those of the clock.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_cpu = device.type == "cpu"
        self._began = self._now()

    def seconds(self) -> float:
        return self._now() - self._began

    def _now(self) -> float:
        return time.process_time() / torch.get_num_threads() if self._on_cpu else time.monotonic()
