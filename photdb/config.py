"""Where photdb finds the user's own files: the store, the folder of telescopes, the number of workers."""

import os
from pathlib import Path

DEFAULT_STORE = "photdb.duckdb"


def store_path(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the store: as given, else ``$PHOTDB``, else ``photdb.duckdb`` in the working folder."""
    return Path(given or os.environ.get("PHOTDB") or DEFAULT_STORE)


def user_folder() -> Path:
    """Return the folder whose ``telescopes/``, ``catalogs/`` and ``colours/`` are read before the shipped ones.

    ``$PHOTDB_CONFIG``, else ``$XDG_CONFIG_HOME/photdb``, else ``~/.config/photdb``.
    """
    given = os.environ.get("PHOTDB_CONFIG")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "photdb"


def default_workers() -> int:
    """Return the number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def is_offline() -> bool:
    """Return whether the user forbids the network: ``$PHOTDB_OFFLINE`` is set to anything but 0."""
    return os.environ.get("PHOTDB_OFFLINE", "0") not in ("", "0")


def vizier_server() -> str | None:
    """Return the mirror of VizieR that the user prefers: ``$PHOTDB_VIZIER``."""
    return os.environ.get("PHOTDB_VIZIER") or None
