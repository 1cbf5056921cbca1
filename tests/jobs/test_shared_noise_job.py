"""Noise that pixels share, from the frame to the store: errors of detections and forced fluxes are one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from scipy import ndimage

from photdb.jobs import target
from photdb.jobs.check_pixels import rederive
from photdb.jobs.compact import compact
from photdb.jobs.forced import forced
from photdb.jobs.frame_again import masters_of, solution_of, task_again
from photdb.jobs.ingest import ingest
from photdb.jobs.measure_frame import measured
from photdb.store.database import Database

from nights import lights, make, with_catalogue  # isort: skip

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three frames: the first as it was taken, the others with noise that neighbours share."""
    survey = make(tmp_path_factory.mktemp("shared") / "survey", nights=1, frames=3, size=360, cosmic_rays=0.0)
    rng = np.random.default_rng(8)
    for path in lights(survey)[1:]:
        with fits.open(path, mode="update") as hdus:
            data = hdus[0].data.astype(float)
            noise = 1.4826 * np.median(np.abs(data - np.median(data)))
            grains = ndimage.gaussian_filter(rng.normal(0, 1, data.shape), 0.8)
            data += 1.5 * noise * grains / grains.std()
            hdus[0].data = np.clip(np.rint(data), 0, 65535).astype(np.uint16)
    store = with_catalogue(tmp_path_factory.mktemp("store") / "s.duckdb", survey)
    ingest([survey], store=store, workers=1)
    return store


@pytest.fixture
def store(night: Path, tmp_path: Path) -> Path:
    """A copy that a test may write to."""
    shutil.copytree(night.with_name("s.files"), tmp_path / "s.files")
    return Path(shutil.copy(night, tmp_path / "s.duckdb"))


def rows(store: Path, sql: str, **given: object) -> list[tuple[object, ...]]:
    with Database.open(store) as db:
        return db.rows(sql, given).rows


def test_a_frame_says_what_its_pixels_share(night):
    plain, *shared = rows(night, "SELECT noise_factor, noise_share, noise_covariance FROM frame ORDER BY mjd_mid")
    assert plain == (1.0, None, None)
    for factor, share, covariance in shared:
        assert factor > 1.5
        assert 0.5 < share <= 1
        assert len(covariance) == 10
        assert covariance[0] > covariance[1] > covariance[3] > 0.1
    limits = [r[0] for r in rows(night, "SELECT primary_noise FROM frame ORDER BY mjd_mid")]
    assert min(limits[1:]) > 2 * limits[0]  # twice the pixel noise, and sums of it worse


def test_a_forced_flux_at_the_place_of_a_detection_has_its_error(store):
    places = rows(
        store,
        "SELECT frame_id, ra, dec, flux, flux_err FROM detection WHERE flags = 0 AND flux / flux_err BETWEEN 4 AND 40 "
        "QUALIFY row_number() OVER (PARTITION BY frame_id ORDER BY flux) <= 4 ORDER BY frame_id, flux",
    )
    assert len({place[0] for place in places}) == 3
    with Database.open(store, read_only=False) as db:
        ids = [target.add(db, f"p{k}", ra, dec) for k, (_, ra, dec, _, _) in enumerate(places)]
    forced(store, workers=1)
    for target_id, (frame_id, _, _, flux, error) in zip(ids, places, strict=True):
        sql = "SELECT flux, flux_err, noise_factor FROM forced WHERE target_id = $t AND frame_id = $f"
        ((again, err, factor),) = rows(store, sql, t=target_id, f=frame_id)
        assert again == pytest.approx(flux, abs=0.002 * error)
        assert err == pytest.approx(error, rel=1e-4)
        ((of_frame,),) = rows(store, "SELECT noise_factor FROM frame WHERE frame_id = $f", f=frame_id)
        assert factor == pytest.approx(of_frame, rel=1e-5)


def test_a_frame_measured_again_has_the_same_errors_and_another_one_is_found(store):
    with Database.open(store) as db:
        masters = masters_of(db)
        for frame in db.job("check_frames", n=3, seed=0).dicts():
            task = task_again(frame, masters, db.files.absolute() / "masters")
            _, table = measured(task, solution=solution_of(frame))
            sql = "SELECT flux_err, flux_auto_err FROM detection WHERE frame_id = $f ORDER BY x, y"
            again = table.sort_by([("x", "ascending"), ("y", "ascending")])
            for k, name in enumerate(("flux_err", "flux_auto_err")):
                kept = np.array([row[k] for row in rows(store, sql, f=frame["frame_id"])], float)
                np.testing.assert_allclose(again[name].to_numpy(), kept, rtol=1e-5)
        assert all(frame.is_same for frame in rederive(db, 3))
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE detection_hot SET flux_err = flux_err / 1.5 WHERE frame_id = 2")
        found = {frame.frame_id: frame for frame in rederive(db, 3)}
    assert found[1].is_same
    assert found[2].n_changed > 20


def test_compaction_loses_nothing_that_these_errors_can_see(store):
    sql = "SELECT flux, flux_err FROM detection WHERE flux IS NOT NULL ORDER BY frame_id, x, y"
    before = np.array(rows(store, sql), float)
    compact(store, every=True)
    assert rows(store, "SELECT count(*) FROM detection_hot") == [(0,)]
    after = np.array(rows(store, sql), float)
    assert np.abs((after - before)[:, 0] / before[:, 1]).max() < 0.05
    np.testing.assert_allclose(after[:, 1], before[:, 1], rtol=0.01)
    with Database.open(store) as db:
        assert all(frame.is_same for frame in rederive(db, 3))


def test_a_frame_of_an_earlier_photdb_keeps_its_errors_and_forced_measures_its_own_factor(store):
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE frame SET noise_factor = NULL, noise_share = NULL, noise_covariance = NULL")
        db.execute("UPDATE detection_hot SET flux_err = flux_err / 1.5 WHERE frame_id = 2")
        assert all(frame.is_same for frame in rederive(db, 3))
        ((ra, dec),) = db.rows("SELECT ra, dec FROM detection WHERE frame_id = 2 AND flags = 0 LIMIT 1").rows
        target.add(db, "t", ra, dec)
    forced(store, workers=1)
    ((factor,),) = rows(store, "SELECT noise_factor FROM forced WHERE frame_id = 2")
    assert factor > 1.5
