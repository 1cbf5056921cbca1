"""Work for a real cluster that its workers can import; not a test."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class Deadly:
    """The task that kills its worker."""

    NUMBER = 13


@dataclass(frozen=True)
class Header:
    path: Path


@dataclass(frozen=True)
class Task:
    number: int
    header: Header
    staging: Path


def tasks_for(folder: Path, numbers: Sequence[int]) -> list[Task]:
    """Tasks with files that exist."""
    frame = folder / "frame.fits"
    frame.touch()
    return [Task(n, Header(frame), folder / "staging") for n in numbers]


def measured_or_dead(task: Task) -> int:
    """Square a number, or kill this process."""
    if task.number == Deadly.NUMBER:
        os.kill(os.getpid(), signal.SIGKILL)
    return task.number**2
