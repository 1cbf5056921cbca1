"""Where photdb finds the user's own files: the store, the folder of telescopes, the number of workers."""

import os
from pathlib import Path

from photdb.errors import InputError, UsageError

DEFAULT_STORE = "photdb.duckdb"


def store_path(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the store: as given, else ``$PHOTDB``, else ``photdb.duckdb`` in the working folder."""
    return Path(given or os.environ.get("PHOTDB") or DEFAULT_STORE)


def patience(default: float = 5.0) -> float:
    """Return how long to wait for a process that holds the store, s: ``$PHOTDB_WAIT``, else the default.

    Raises
    ------
    UsageError
        If it is set to something that is no time.
    """
    given = _given.get("wait") or os.environ.get("PHOTDB_WAIT")
    if not given:
        return default
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 1e6:
        raise UsageError(f"a wait of {given!r} is no number of seconds", "write --wait 30, or set PHOTDB_WAIT=30")
    return seconds


def token() -> str | None:
    """Return the token that `photdb serve` asks for: that of ``--token-file``, else ``$PHOTDB_TOKEN``.

    Raises
    ------
    InputError
        If the file cannot be read or is empty.
    """
    file = _given.get("token_file")
    if not file:
        return os.environ.get("PHOTDB_TOKEN") or None
    try:
        found = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise InputError(f"{file}: {why}", "--token-file names a file with one line, the token") from None
    if not found:
        raise InputError(f"{file}: is empty", "--token-file names a file with one line, the token")
    return found


#: What the command line was told for the whole program.
_given: dict[str, str | None] = {}


def give(*, wait: str | None = None, token_file: str | None = None) -> None:
    """Prefer what a command line says to what the environment says."""
    _given.update(wait=wait, token_file=token_file)


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


def is_online() -> bool:
    """Return whether CDS may be asked for names without ``--online``: ``$PHOTDB_ONLINE`` is set to anything but 0."""
    return os.environ.get("PHOTDB_ONLINE", "0") not in ("", "0") and not is_offline()


def name_server() -> str | None:
    """Return the Sesame that the user prefers to that of CDS: ``$PHOTDB_SESAME``."""
    return os.environ.get("PHOTDB_SESAME") or None


def body_server() -> str | None:
    """Return the SkyBoT that the user prefers to that of IMCCE: ``$PHOTDB_SKYBOT``."""
    return os.environ.get("PHOTDB_SKYBOT") or None


def horizons_server() -> str | None:
    """Return the Horizons that the user prefers to that of JPL: ``$PHOTDB_HORIZONS``."""
    return os.environ.get("PHOTDB_HORIZONS") or None
