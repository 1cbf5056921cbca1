"""After a whole reduction (bias, dark, flat, bad pixels, cosmic rays), a circle on a detection has the stored flux."""

import numpy as np
import pytest
from nights import make, with_catalogue

from photdb.jobs.frame_again import masters_of, task_again
from photdb.jobs.frame_pixels import found_in, reduced
from photdb.jobs.ingest import ingest
from photdb.jobs.measure_frame import scintillation_of
from photdb.photometry.forced import forced_circles, ground_at
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One night with all its masters, and cosmic rays."""
    survey = make(tmp_path_factory.mktemp("reduced") / "survey", nights=1, frames=2, cosmic_rays=6.0)
    path = with_catalogue(tmp_path_factory.mktemp("store") / "s.duckdb", survey)
    ingest([survey], store=path, workers=1)
    return path


@pytest.mark.slow
def test_circles_on_the_detections_of_a_reduced_frame_are_the_rows_of_the_store(store):
    with Database.open(store) as db:
        frames = db.job("check_frames", n=1, seed=0).dicts()
        (frame,) = frames
        rows = db.rows(
            "SELECT x, y, flux, flux_err, aper_flux, aper_flux_err, flags FROM detection WHERE frame_id = $id",
            {"id": frame["frame_id"]},
        ).rows
        task = task_again(frame, masters_of(db), db.files.absolute() / "masters")
    assert task.bias and task.dark and task.flat  # noqa: PT018
    pixels = reduced(task)
    found = found_in(pixels, task.header, task.settings)
    x, y = (np.array([row[k] for row in rows], float) for k in (0, 1))
    radii = frame["aper_radius_px"]
    diameters = [2 * r if r else np.nan for r in radii]
    primary, settings = 2 * frame["primary_radius_px"], task.settings.measure
    ground = ground_at(
        pixels, found, x, y, apertures_px=diameters, primary_px=primary, settings=settings, correlation=task.correlation
    )
    more = {"settings": settings, "ground": ground, "scintillation": scintillation_of(task)}
    for k, diameter in enumerate([*diameters, primary]):
        forced = forced_circles(pixels, found, x, y, diameter, **more)
        flux, error = (
            np.array([row[c] if k == len(radii) else row[c + 2][k] for row in rows], dtype=float) for c in (2, 3)
        )
        np.testing.assert_array_equal(np.isfinite(forced.flux), np.isfinite(flux))
        there = np.isfinite(flux)
        apart = np.abs(forced.flux / task.header.exptime_s - flux)[there] / error[there]
        assert apart.max(initial=0) < 1e-3, diameter  # positions are stored in single precision
        np.testing.assert_allclose(forced.error[there] / task.header.exptime_s, error[there], rtol=1e-3)
    assert len(rows) > 40
    same = forced.flags == np.array([row[6] for row in rows])
    assert same.mean() > 0.97
