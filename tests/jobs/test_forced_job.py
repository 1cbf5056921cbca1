"""Forced photometry as a job: what is asked for, in which frames, what is done once and what again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from photdb.catalogs.ephemeris import Ephemeris
from photdb.jobs import target
from photdb.jobs.forced import forced
from photdb.jobs.forced_asked import Asked, size
from photdb.jobs.forced_night import commit
from photdb.jobs.forced_work import Frames
from photdb.jobs.ingest import ingest
from photdb.jobs.target_links import refresh_targets
from photdb.store.database import Database

from nights import make, with_catalogue  # isort: skip

pytestmark = pytest.mark.usefixtures("in_this_process")


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_frames_measured_again_have_their_forced_fluxes_made_anew(survey, store):
    ra, dec, epoch, object_id = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    forced(store, workers=2)
    forced(store, workers=2, objects=(object_id,), asked=Asked((size("10arcsec"),)))
    every = "SELECT frame_id, aperture_id, target_id, object_id, reason, flux, run_id FROM forced ORDER BY 1, 2, 3"
    before = rows(store, every)
    assert len(before) == 18
    ingest([survey / "night-0"], store=store, workers=2, reprocess=True)
    after = rows(store, every)
    assert [row[:5] for row in after] == [row[:5] for row in before]
    # of the target the same; the place of the object is the mean of its detections, counted anew
    assert [row[5] for row in after if row[2]] == [row[5] for row in before if row[2]]
    assert [row[5] for row in after] == pytest.approx([row[5] for row in before], rel=1e-5)
    assert {row[6] for row in after[:9]}.isdisjoint(row[6] for row in before)
    assert after[9:] == before[9:]


def test_a_missing_frame_is_a_row_with_a_reason_and_measured_when_it_is_back(survey, store, tmp_path):
    ra, dec, epoch, object_id = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    lost = Path(rows(store, "SELECT path FROM frame WHERE frame_id = 2")[0][0])
    aside = shutil.move(lost, tmp_path / "aside.fits")
    try:
        summary = forced(store, workers=2)
        assert (summary.n_frames, summary.failed) == (5, {"no such file": 1})
        why = rows(store, "SELECT reason, flux, x, aperture_id, method, object_id FROM forced WHERE reason IS NOT NULL")
        assert why == [(f"{lost}: no such file", None, None, 0, "circle", object_id)]
    finally:
        shutil.move(aside, lost)
    assert forced(store, workers=2).n_frames == 1
    assert rows(store, "SELECT count(*), count(flux) FROM forced") == [(6, 6)]
    with Database.open(store) as db:
        assert db.audit() == {}


def test_a_flux_is_not_lost_because_its_frame_is_missing_when_it_is_to_be_measured_again(survey, store, tmp_path):
    ra, dec, epoch, object_id = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    asked = {"targets": ("T",), "objects": (object_id,), "workers": 2}
    forced(store, **asked)
    fluxes = "SELECT target_id, object_id, frame_id, flux FROM forced ORDER BY ALL"
    before = rows(store, fluxes)
    lost = Path(rows(store, "SELECT path FROM frame WHERE frame_id = 2")[0][0])
    aside = shutil.move(lost, tmp_path / "aside.fits")
    try:
        summary = forced(store, again=True, **asked)
        assert (summary.n_frames, summary.failed) == (5, {"no such file": 1})
    finally:
        shutil.move(aside, lost)
    assert rows(store, "SELECT count(*), count(reason) FROM forced") == [(12, 0)]
    assert rows(store, fluxes) == before


def test_another_content_or_master_than_then_is_said(survey, store):
    ra, dec, epoch, _ = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    flats = "SELECT m.path, m.master_id FROM master AS m JOIN frame AS f ON f.flat_id = m.master_id ORDER BY f.frame_id"
    master, used = rows(store, flats)[0]
    (store.with_name("s.files") / "masters" / str(master)).write_bytes(b"another")
    with Database.open(store, read_only=False) as db:
        db.execute(
            "UPDATE file SET sha256 = 'other', mtime_ns = 0 "
            "WHERE file_id = (SELECT file_id FROM frame WHERE frame_id = 1)"
        )
    summary = forced(store, workers=2)
    with_it = rows(store, f"SELECT count(*) FROM frame WHERE flat_id = {used} AND frame_id <> 1")[0][0]
    assert summary.failed == {
        "its content is not what was measured": 1, "the master is missing or another one": with_it
    }  # fmt: skip
    assert summary.n_frames == 5 - with_it


def test_everything_that_can_be_asked_for_is_measured_once_each(store):
    ra, dec, epoch, _ = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE target SET a_arcsec = 12, b_arcsec = 6, pa_deg = 30")
    asked = Asked((size("10arcsec"), size("5arcsec"), size("40arcsec")), psf=True, recentre_arcsec=2.0)
    summary = forced(store, workers=2, asked=asked, frames=Frames((1, 2)))
    assert summary.uncalibrated == {"40arcsec": 2}
    assert summary.without == {"the aperture is narrower than 4 px in this frame": 2}
    got = rows(
        store,
        "SELECT coalesce(printf('%g', a.diameter) || a.kind, a.kind), f.method, count(*), count(f.flux), "
        "any_value(f.reason), min(f.shift_ra IS NOT NULL), count(f.noise_empty), avg(f.flux) FROM forced AS f "
        "JOIN aperture AS a USING (aperture_id) GROUP BY ALL ORDER BY 1",
    )
    narrow = "the aperture is narrower than 4 px in this frame"
    assert [row[:7] for row in got] == [
        ("10arcsec", "circle", 2, 2, None, True, 2),
        ("40arcsec", "circle", 2, 2, None, True, 2),
        ("5arcsec", "circle", 2, 0, narrow, True, 0),
        ("primary", "circle", 2, 2, None, True, 2),
        ("psf", "psf", 2, 2, None, True, 0),
        ("whole", "ellipse", 2, 2, None, True, 0),
    ]
    flux = {row[0]: row[7] for row in got}
    assert flux["10arcsec"] < flux["primary"] < flux["psf"]
    assert flux["psf"] == pytest.approx(flux["40arcsec"], rel=0.03)
    assert forced(store, workers=1, frames=Frames((1, 2))).n_frames == 0
    # the PSF was made for it, and so was its zero point: fluxes of the two apertures are one magnitude
    mags = rows(
        store,
        "SELECT f.aperture_id, avg(flux_to_mag(f.flux, z.zp)) FROM forced AS f JOIN zeropoint_active AS z "
        "USING (frame_id, aperture_id) GROUP BY 1 ORDER BY 1",
    )
    by = dict(mags)
    assert by[-2] == pytest.approx(by[0], abs=0.02)
    assert forced(store, workers=1, frames=Frames((1,)), again=True).n_fluxes == 5
    assert rows(store, "SELECT count(*) FROM forced") == [(12,)]
    with Database.open(store) as db:
        assert db.audit() == {}


def test_recentring_can_be_taken_back_and_what_was_moved_is_measured_anew(store):
    ra, dec, epoch, _ = star(store)
    add(store, "T", ra + 0.7 / 3600, dec, epoch=epoch)
    moved = "SELECT count(*), count(shift_ra), round(avg(shift_ra)) FROM forced WHERE aperture_id = 0"
    forced(store, workers=1, asked=Asked(recentre_arcsec=2.0), frames=Frames((1, 2)))
    assert rows(store, moved) == [(2, 2, -1.0)]
    assert forced(store, workers=1, frames=Frames((1, 2))).n_frames == 0  # it is remembered
    assert forced(store, workers=1, asked=Asked(no_recentre=True), frames=Frames((1, 2))).n_fluxes == 2
    assert rows(store, moved) == [(2, 0, None)]
    assert rows(store, "SELECT methods FROM target WHERE name = 'T'") == [(["primary"],)]
    assert forced(store, workers=1, frames=Frames((1, 2))).n_frames == 0


def test_a_night_that_does_not_fit_into_memory_is_measured_in_parts_and_committed_whole(store, monkeypatch):
    ra, dec, epoch, _ = star(store)
    add(store, "T", ra, dec, epoch=epoch)
    monkeypatch.setattr("photdb.jobs.forced_work.AT_ONCE", 1)
    commits = []
    monkeypatch.setattr("photdb.jobs.forced.commit", lambda *a, **k: commits.append(commit(*a, **k)) or commits[-1])
    assert forced(store, frames=Frames((1, 2, 4))).n_fluxes == 3
    assert commits == [2, 1]


def test_objects_are_measured_where_they_are_and_follow_those_they_become_part_of(store):
    _, _, _, object_id = star(store)
    rest = f"SELECT object_id FROM object WHERE object_id <> {object_id} ORDER BY n_detections DESC LIMIT 1"
    other = rows(store, rest)[0][0]
    assert forced(store, workers=2, objects=(object_id,), frames=Frames((1, 2))).n_fluxes == 2
    assert forced(store, workers=2, where=f"object_id = {other}", frames=Frames((2, 3))).n_frames == 2
    ids = "SELECT object_id, skey = object_id, frame_id, is_detected FROM forced ORDER BY frame_id, object_id"
    assert {row[:3] for row in rows(store, ids)} >= {(object_id, True, 1), (object_id, True, 2), (other, True, 3)}
    with Database.open(store, read_only=False) as db:  # the other becomes part of the star
        db.insert("object_alias", [{"old_id": other, "object_id": object_id, "run_id": 1}])
        db.execute("DELETE FROM detection_hot WHERE object_id = $id AND frame_id = 3", id=object_id)
        refresh_targets(db)
    assert rows(store, ids) == [(object_id, True, 1, True), (object_id, True, 2, True), (object_id, True, 3, False)]
    with Database.open(store, read_only=False) as db:  # and is no more
        db.execute("UPDATE object_alias SET object_id = NULL")
        db.insert("object_alias", [{"old_id": object_id, "object_id": None, "run_id": 1}])
        refresh_targets(db)
    assert rows(store, ids) == []


def test_a_target_is_the_nearest_star_within_reach_its_motion_applied(store):
    ra, dec, epoch, object_id = star(store)
    add(store, "on it", ra, dec, epoch=epoch)
    add(store, "fast", ra - 10 / 3600 / np.cos(np.radians(dec)), dec, epoch=epoch - 5, pm_ra=2000.0, pm_dec=0.0)
    add(store, "was there", ra, dec, epoch=epoch - 5, pm_ra=2000.0, pm_dec=0.0)
    with Database.open(store, read_only=False) as db:
        refresh_targets(db)
    linked = "SELECT name, object_id FROM target ORDER BY name"
    assert rows(store, linked) == [("fast", object_id), ("on it", object_id), ("was there", None)]


def test_what_moves_fast_is_measured_along_its_trail_and_what_moves_slowly_is_not(store):
    ra, dec, _, _ = star(store)
    times = rows(store, "SELECT mjd_mid FROM frame ORDER BY 1")
    with Database.open(store, read_only=False) as db:
        for name, rate in (("slow", 60.0), ("fast", 1200.0)):  # arcsec/h: 1 and 20 arcsec in an exposure
            when = np.array([times[0][0] - 0.01, times[0][0], times[0][0] + 0.01])
            east = (when - times[0][0]) * 24 * rate / 3600 / np.cos(np.radians(dec))
            path = Ephemeris(
                when, ra + east, np.full(3, dec), np.full(3, rate), np.zeros(3), np.full(3, np.nan), "test"
            )
            target.add_moving(db, name, path)
    summary = forced(store, workers=2, asked=Asked(psf=True))
    assert summary.uncovered == {"slow": 5, "fast": 5}
    got = rows(
        store,
        "SELECT t.name, f.aperture_id, f.method, f.flux IS NOT NULL, f.a_px > 1.2 * f.b_px, f.correction <> 1 "
        "FROM forced AS f JOIN target AS t USING (target_id) ORDER BY 1, 2",
    )
    assert got == [
        ("fast", -2, "psf", False, None, False),
        ("fast", 0, "trail", True, True, True),
        ("slow", -2, "psf", True, None, False),
        ("slow", 0, "circle", True, False, False),
    ]
