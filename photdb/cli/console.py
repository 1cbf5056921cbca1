"""What a person sees on stderr: errors with their hints, progress bars, lines of what was done, the log.

stdout is for data alone. On a terminal a bar lives while the work does; anywhere else (a log file, cron) every step
is one line when it starts and one when it ends. rich is imported only where a bar or a table is drawn.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import Any, TypeVar

from photdb import progress

T = TypeVar("T")

#: Steps shorter than this say nothing when they end.
_QUICK_S = 1.0
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def start(*, verbosity: int) -> None:
    """Listen to progress and to the log: -1 errors only, 0 progress and warnings, 1 info, 2 debug."""
    progress.listen(None if verbosity < 0 else Progress())
    log = logging.getLogger("photdb")
    for handler in log.handlers[:]:
        log.removeHandler(handler)
    handler = _Lines()
    handler.setFormatter(logging.Formatter("%(message)s" if verbosity < 2 else "%(levelname)s %(name)s: %(message)s"))
    log.addHandler(handler)
    log.setLevel(_LEVELS.get(verbosity, logging.DEBUG))
    log.propagate = False


def complain(what: str, hint: str = "") -> None:
    """Print an error, and what to do next, to stderr."""
    _print(f"{_styled('error:', '1;31')} {what}")
    if hint:
        _print(f"{_styled('hint:', '1')} {hint}")


def note(text: str) -> None:
    """Print a line to stderr, unless all but errors is to be quiet."""
    progress.say(text)


def warn(text: str) -> None:
    """Print a warning to stderr, unless all but errors is to be quiet."""
    progress.warn(text)


def is_terminal(stream: Any) -> bool:
    """Whether a stream is read by a person now."""
    return hasattr(stream, "isatty") and bool(stream.isatty())


def _styled(word: str, code: str) -> str:
    """Return a word in colour where stderr shows colour and the user allows it (no-color.org)."""
    coloured = is_terminal(sys.stderr) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\033[{code}m{word}\033[0m" if coloured else word


def _print(text: str) -> None:
    """Print a line to stderr, above a living bar where there is one."""
    if _living is not None:
        _living.console.print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        print(text, file=sys.stderr, flush=True)


#: The bars on the terminal now (rich.progress.Progress), while there are any.
_living: Any = None


class _Lines(logging.Handler):
    """Log records as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        level = "warning: " if record.levelno == logging.WARNING else ""
        _print(level + self.format(record))


class Progress:
    """The listener of `photdb.progress`."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield the items and show how many have passed."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        if is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
            yield from _bar(items, description, total)
        else:
            yield from _lines(items, description, total)

    def say(self, text: str) -> None:
        """Show one line of what was done."""
        _print(text)

    def warn(self, text: str) -> None:
        """Show one line that the user should not miss."""
        _print(f"{_styled('warning:', '1;33')} {text}")


def _lines(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    """Yield the items; print a line at the start, and one at the end of what took time."""
    _print(f"{description} ({total}) ..." if total is not None else f"{description} ...")
    began, done = time.monotonic(), 0
    for item in items:
        yield item
        done += 1
    seconds = time.monotonic() - began
    if seconds >= _QUICK_S:
        _print(f"{description}: {done} in {seconds:.1f} s")


def _bar(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    """Yield the items under a bar; bars within bars share one display."""
    global _living
    outermost = _living is None
    if outermost:
        _living = _display()
        _living.start()
    task = _living.add_task(description, total=total)
    try:
        for item in items:
            yield item
            _living.advance(task)
    finally:
        if outermost:
            _living.stop()
            _living = None
        else:
            _living.remove_task(task)


def _display() -> Any:
    """Return rich's display of bars on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Bars(*columns, console=Console(stderr=True, highlight=False))
