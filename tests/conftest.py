"""Fixtures of all tests."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Whether a change lands must not hang on luck: in CI the examples are the same each time; elsewhere they are new ones.
# Nor may it hang on how busy the machine is.
_BUSY = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, **_BUSY)
settings.register_profile("here", **_BUSY)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# No test asks the network, nor does what a test starts; those of the fetching ask a server of their own.
os.environ["PHOTDB_OFFLINE"] = "1"

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def _the_earth_turns_as_astropy_knows_it() -> None:
    """Let tests that compare with astropy use the table it came with, however old: else they fail a month after it."""
    from astropy.utils import iers

    iers.conf.auto_download = False
    iers.conf.auto_max_age = None


@pytest.fixture(scope="session", autouse=True)
def _stores_are_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make new stores quickly."""
    from made_once import copied

    with copied(tmp_path_factory.mktemp("made_once") / "empty.duckdb"):
        yield


@pytest.fixture(scope="module")
def in_this_process() -> Iterator[None]:
    """Measure the frames of `ingest` and `forced` in this process, not in workers that take seconds to start."""
    from workers_here import workers_here

    with workers_here():
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real frames and catalogues, kept beside the checkout and never in it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the real frames (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store that asking tests share: never write to it (tests/stores.py says what is in it)."""
    from stores import small_store

    return small_store(tmp_path_factory.mktemp("small") / "small.duckdb")


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Take back what the command line sets up for its messages, or later tests would not see the log."""
    log = logging.getLogger("photdb")
    handlers, level, propagate = list(log.handlers), log.level, log.propagate
    yield
    log.handlers[:], log.propagate = handlers, propagate
    log.setLevel(level)
