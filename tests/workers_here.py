"""Frames measured in this process, for tests that are of what is measured and not of the processes that do it.

A worker process takes a second or two of processor time to start and import what it needs, a frame of the tests a
tenth of that.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pytest

from photdb.jobs.pool_dask import _absolute

T = TypeVar("T")
R = TypeVar("R")


class Here:
    """Frames measured in this process one by one, their tasks as they arrive in another one or on a cluster."""

    def __init__(self, n: int) -> None:
        pass

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def spread(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[tuple[T, R]]:
        for task in tasks:
            yield task, function(pickle.loads(pickle.dumps(_absolute(task))))


@contextmanager
def workers_here() -> Iterator[None]:
    """Let `ingest` and `forced` measure in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for job in ("photdb.jobs.forced", "photdb.jobs.ingest"):
            patch.setattr(f"{job}.Workers", Here)
        yield
