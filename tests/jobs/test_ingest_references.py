"""Which reference stars an ingest asks for by itself, and that it goes on without."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from vizier_server import Sky

from photdb import progress
from photdb.jobs import ingest_references, refcat
from photdb.jobs.ingest_references import Field, candidates, fetch_references, fields_of
from photdb.store.database import Database


@dataclass
class Said:
    """A listener that keeps what is said."""

    lines: list[str] = field(default_factory=list)

    def track(self, items: Any, description: str, total: int | None) -> Any:
        yield from items

    def say(self, text: str) -> None:
        self.lines.append(text)

    warn = say


@pytest.fixture
def said() -> Iterator[list[str]]:
    listener = Said()
    progress.listen(listener)
    yield listener.lines
    progress.listen(None)


def light(
    ra: float, dec: float, *, band: str = "g", scale: float | None = 1.0, wcs: str | None = None, **more: Any
) -> Any:
    header = SimpleNamespace(
        ra=ra, dec=dec, band=band, pixel_scale=scale, width=1000, height=1000, wcs=wcs, calibrate_as=None, problems=(),
        detector="d", binning=(1, 1), path=Path("f.fits"),
    )  # fmt: skip
    for name, value in more.items():
        setattr(header, name, value)
    return SimpleNamespace(header=header)


PLAN: Any = SimpleNamespace(scales={})


def names(ra: float, dec: float, band: str, scale: float = 1.0) -> list[str]:
    return [c.name for c in candidates(Field(ra, dec, 0.5, scale), band)]


@pytest.mark.parametrize(
    ("dec", "band", "scale", "first"),
    [
        (20.0, "V", 1.0, "gaiaxp"),
        (-60.0, "r", 0.5, "gaiaxp"),
        (20.0, "g_ps1", 0.3, "refcat2"),
        (20.0, "y", 0.3, "ps1"),
        (-60.0, "y", 0.3, "gaiaxp"),  # no y so far south: something to register with
        (-60.0, "u_sm", 0.5, "skymapper4"),
        (0.0, "K", 0.5, "2mass"),
        (20.0, "clear", 30.0, "tycho2"),
        (20.0, "VT", 30.0, "tycho2"),
        (20.0, "clear", 1.0, "gaiaxp"),
    ],
)
def test_the_catalogue_asked_for_first_has_the_band_and_covers_the_place(dec, band, scale, first):
    assert names(10.0, dec, band, scale)[0] == first


def test_frames_of_one_place_are_one_field_with_their_bands_and_room_for_a_wrong_pointing():
    lights = [light(10.0, 1.0), light(10.05, 1.0, band="r"), light(40.0, 1.0, calibrate_as="V", band="clear")]
    found = fields_of(lights, PLAN)
    assert [(round(f.ra), f.bands) for f in found] == [(10, {"g", "r"}), (40, {"V"})]
    half = 0.5 * np.hypot(1000, 1000) / 3600
    assert found[0].radius == pytest.approx(half + ingest_references.POINTING_DEG + 0.2)


def test_frames_that_cannot_be_used_or_have_no_pointing_ask_for_nothing():
    assert fields_of([light(10.0, 1.0, problems=("no date",)), light(None, None)], PLAN) == []  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Database.open(tmp_path / "a.duckdb", read_only=False, create=True):
        return tmp_path / "a.duckdb"


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    rng = np.random.default_rng(4)
    n = 600
    columns = {
        "RA_ICRS": ("double", "deg", (10 + rng.uniform(-1.5, 1.5, n)).tolist()),
        "DE_ICRS": ("double", "deg", (1 + rng.uniform(-1.5, 1.5, n)).tolist()),
        "Source": ("long", "", list(range(1, n + 1))),
        "gmag": ("float", "mag", rng.uniform(12, 17, n).tolist()),
        "gFlag": ("short", "", [1] * n),
    }
    server = Sky("I/360/syntphot", columns)
    monkeypatch.delenv("PHOTDB_OFFLINE")
    monkeypatch.setenv("PHOTDB_VIZIER", server.address)
    yield server
    server.close()


def test_a_field_without_reference_stars_gets_them_before_the_first_frame(sky, store, said):
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    with Database.open(store) as db:
        found = refcat.reference_stars(db, 10.0, 1.0, 0.7, epoch=2020.0)
    assert len(found) > 50
    assert "no g reference stars around 10.00 +1.00: asking VizieR I/360/syntphot" in said[0]
    assert "tiles fetched" in said[1]
    n_questions = len(sky.questions)
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    assert len(sky.questions) == n_questions


def test_a_field_whose_stars_the_user_added_is_not_asked_for(sky, store, said, tmp_path):
    import polars as pl

    rng = np.random.default_rng(6)
    pl.DataFrame(
        {"ra": 10 + rng.uniform(-0.3, 0.3, 60), "dec": 1 + rng.uniform(-0.3, 0.3, 60), "g": [14.0] * 60}
    ).write_csv(tmp_path / "mine.csv")
    refcat.add(tmp_path / "mine.csv", "mine", store=store, columns={"ra": "ra", "dec": "dec", "g": "g"})
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    assert not sky.questions
    assert not said


def test_without_a_network_an_ingest_says_so_once_and_goes_on(store, said, monkeypatch):
    monkeypatch.delenv("PHOTDB_OFFLINE")
    monkeypatch.setenv("PHOTDB_VIZIER", "http://127.0.0.1:9")
    fetch_references(store, [light(10.0, 1.0), light(40.0, 1.0), light(70.0, 1.0)], PLAN)
    assert len(said) == 1
    assert "does not answer: going on with the reference stars that are in the store" in said[0]


def test_a_service_that_fails_does_not_stop_an_ingest(sky, store, said, monkeypatch):
    monkeypatch.setattr("photdb.jobs.refcat_fetch.wait", lambda n: None)
    sky.trouble = lambda n: (404, b"", 0.0)
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    assert any("404" in line for line in said)


def test_offline_nothing_is_even_looked_for(sky, store, said, monkeypatch):
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    assert not sky.questions
    assert not said


def test_a_bug_in_the_fetching_is_told_and_does_not_stop_an_ingest(sky, store, said, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(ingest_references, "_fetch", broken)
    fetch_references(store, [light(10.0, 1.0)], PLAN)
    assert said == ["reference stars were not fetched: RuntimeError: a bug"]


def test_a_field_of_very_many_tiles_gets_a_sparser_catalogue_and_the_rest_is_left_to_the_user(store, said, monkeypatch):
    asked = []
    monkeypatch.delenv("PHOTDB_OFFLINE")
    monkeypatch.setattr("photdb.jobs.ingest_references.Vizier.answers", lambda self: True)

    def fetch(name: str, tiles: list[int], **how: Any) -> Any:
        asked.append((name, len(tiles)))
        return SimpleNamespace(line=lambda: "fetched")

    monkeypatch.setattr("photdb.jobs.refcat_fetch.fetch", fetch)
    fetch_references(store, [light(10.0, 1.0, scale=9.0, width=9000, height=9000)], PLAN)
    assert "tiles: not asked for; photdb refcat fetch --catalog gaiaxp --cone 10.00 1.00" in said[0]
    assert [name for name, _ in asked] == ["tycho2"]
    assert asked[0][1] <= ingest_references.MOST_TILES
