"""Progress reports of long work; silent unless a listener (the command line) is installed."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Listener(Protocol):
    """What the command line installs to show progress."""

    def track(self, items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
        """Yield the items and show how many have passed."""
        ...

    def say(self, text: str) -> None:
        """Show one line of what was done."""
        ...

    def warn(self, text: str) -> None:
        """Show one line that the user should not miss."""
        ...


_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Install the listener, or remove it with ``None``."""
    global _listener
    _listener = listener


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, telling the listener how far the work is."""
    if _listener is None:
        yield from items
    else:
        yield from _listener.track(items, description, total)


def say(text: str) -> None:
    """Tell the listener one line of what was done."""
    if _listener is not None:
        _listener.say(text)


def warn(text: str) -> None:
    """Tell the listener one line that the user should not miss."""
    if _listener is not None:
        _listener.warn(text)
