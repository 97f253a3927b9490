"""A budget is of computing, not of waiting."""

import time

import torch

from jepa.spent import SpentTime


def test_waiting_costs_nothing_and_computing_does():
    clock = SpentTime(torch.device("cpu"))
    time.sleep(0.2)
    assert clock.seconds() < 0.1
    matrix = torch.rand(200, 200)
    while clock.seconds() < 0.1:
        matrix = (matrix @ matrix).clamp(0, 1)
    assert clock.seconds() >= 0.1


def test_a_graphics_card_is_waited_for():
    clock = SpentTime(torch.device("cuda"))
    time.sleep(0.2)
    assert clock.seconds() >= 0.2
