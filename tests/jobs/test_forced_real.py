"""Forced photometry of a real star: HAT-P-32 at its catalogue position in a night that drifts by 270 px."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from photdb.jobs import refcat, target
from photdb.jobs.forced import forced
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

RA, DEC = 31.04284, 46.68783


@pytest.mark.slow
def test_hat_p_32_at_its_catalogue_position_is_measured_in_every_frame_as_well_as_where_it_is_detected(
    shared_data: Path, tmp_path: Path
):
    folder = tmp_path / "night"
    folder.mkdir()
    for frame in sorted((shared_data / "hatp32").glob("*.[fF][iI][tT]*"))[::12]:
        shutil.copy(frame, folder)
    store = tmp_path / "h.duckdb"
    refcat.add(shared_data / "refcat" / "tycho2_hatp32.csv", "tycho2", store=store)
    ingest([folder], store=store, workers=2)
    with Database.open(store, read_only=False) as db:
        target.add(db, "HAT-P-32", RA, DEC)
    summary = forced(store, workers=2)
    with Database.open(store) as db:
        n = db.one("SELECT count(*) FROM frame WHERE state = 'ok'")
        assert (summary.n_frames, summary.n_fluxes) == (n, n)
        assert n == 12
        assert db.audit() == {}
        both = db.rows(
            "SELECT f.flux, d.flux, d.flux_err, separation_arcsec(f.ra, f.dec, d.ra, d.dec) FROM forced AS f "
            "JOIN detection AS d ON d.frame_id = f.frame_id AND d.object_id = f.object_id"
        ).rows
    flux, seen, error, apart = np.array(both).T
    assert len(both) >= 11
    assert np.median(apart) < 1.0  # a fifth of a pixel: the tie to Tycho-2
    # of one star in one aperture: what differs is where the centroid fell, which is less than the noise
    assert np.abs(flux / seen - 1).max() < 0.01
    assert np.std((flux - seen) / error) < 0.7
