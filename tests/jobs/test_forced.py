"""Forced photometry as a job: what is asked for, in which frames, what is done once and what again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from photdb.jobs import target
from photdb.jobs.forced import forced
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

from nights import make, with_catalogue  # isort: skip


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("forced") / "survey", nights=2, frames=3, cosmic_rays=0.0)


@pytest.fixture(scope="module")
def measured(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with both nights, and no target."""
    store = with_catalogue(tmp_path_factory.mktemp("store") / "s.duckdb", survey)
    ingest([survey], store=store, workers=2)
    return store


@pytest.fixture
def store(measured: Path, tmp_path: Path) -> Path:
    """A copy that a test may write to."""
    shutil.copytree(measured.with_name("s.files"), tmp_path / "s.files")
    return Path(shutil.copy(measured, tmp_path / "s.duckdb"))


def add(store: Path, name: str, ra: float, dec: float, **more: object) -> int:
    with Database.open(store, read_only=False) as db:
        return target.add(db, name, ra, dec, **more)


def rows(store: Path, sql: str) -> list[tuple[object, ...]]:
    with Database.open(store) as db:
        return db.rows(sql).rows


def star(store: Path) -> tuple[float, float, float, int]:
    """Return place, epoch and number of the brightest star that is whole in all six frames."""
    return rows(
        store,
        "SELECT o.ra, o.dec, o.epoch, o.object_id FROM object AS o JOIN detection AS d ON d.object_id = o.object_id "
        "WHERE d.flags = 0 AND d.flux > 0 GROUP BY ALL HAVING count(*) = 6 ORDER BY avg(d.flux) DESC LIMIT 1",
    )[0]


def test_a_target_on_a_star_has_the_flux_of_its_detection(store):
    # the object's own mean position, so the flux differs only by where the centroid of the single frame fell
    ra, dec, epoch, object_id = star(store)
    add(store, "star", ra, dec, epoch=epoch)
    summary = forced(store, workers=2)
    assert (summary.n_frames, summary.n_fluxes, summary.failed) == (6, 6, {})
    both = rows(
        store,
        f"SELECT f.flux, d.flux, d.flux_err FROM forced AS f JOIN detection AS d ON d.frame_id = f.frame_id "
        f"AND d.object_id = {object_id}",
    )
    flux, seen, error = np.array(both).T
    assert len(both) == 6
    assert np.abs(flux - seen).max() < 0.5 * error.min()


def test_new_frames_are_measured_by_ingest_and_old_ones_by_the_job(survey, tmp_path):
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    ingest([survey / "night-0"], store=store, workers=2)
    ra, dec, epoch, _ = rows(
        store, "SELECT ra, dec, epoch, 0 FROM object ORDER BY n_detections DESC, object_id LIMIT 1"
    )[0]
    add(store, "T", ra, dec, epoch=epoch)
    ingest([survey], store=store, workers=2)
    nights = "SELECT f.night::VARCHAR, count(*) FROM forced JOIN frame AS f USING (frame_id) GROUP BY 1 ORDER BY 1"
    assert rows(store, nights) == [("2025-11-19", 3)]
    assert rows(store, "SELECT DISTINCT object_id = skey, is_detected FROM forced") == [(True, True)]
    assert forced(store, workers=2).n_frames == 3
    assert rows(store, nights) == [("2025-11-18", 3), ("2025-11-19", 3)]
    assert forced(store, workers=2).n_frames == 0
    assert not store.with_name("s.files").joinpath("forced").exists()


def test_frames_measured_again_have_their_forced_fluxes_made_anew(survey, store):
    ra, dec, epoch, _ = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    forced(store, workers=2)
    before = rows(store, "SELECT frame_id, flux FROM forced ORDER BY 1")
    ingest([survey / "night-0"], store=store, workers=2, reprocess=True)
    after = rows(store, "SELECT frame_id, flux, run_id FROM forced ORDER BY 1")
    assert [row[:2] for row in after] == before
    assert {row[2] for row in after[:3]} != {row[2] for row in after[3:]}
