"""The work list of forced photometry, against a look at every pair of frame and place."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from photdb.errors import InputError, UsageError
from photdb.ingest.wcs import TangentPlane
from photdb.jobs.commit_night import frame_cells
from photdb.jobs.forced_asked import Asked, Who, size
from photdb.jobs.forced_work import EVERY, Frames, lay_work, nights, positions, unseen
from photdb.photometry.settings import Aperture
from photdb.store.database import Database

YEARS = np.arange(2000.0, 2026.0)


def mjd(year: np.ndarray) -> np.ndarray:
    """Return MJD of Julian years."""
    return 51544.5 + (year - 2000.0) * 365.25


def write_frames(db: Database, centres: list[tuple[float, float]], half_deg: float, turned: float) -> None:
    """Write a frame a year of each field, turned and mirrored, of one shape in degrees whatever the declination."""
    rows, cover = [], []
    for ra0, dec0 in centres:
        for k, year in enumerate(YEARS):
            corners = outline(ra0, dec0, half_deg, turned, mirrored=k % 2 == 1)
            frame_id = len(rows) + 1
            rows.append(
                {
                    "frame_id": frame_id, "file_id": frame_id, "hdu": 0, "path": f"/f{frame_id}.fits",
                    "night": date(2000 + k, 1, 1), "mjd_mid": float(mjd(year)), "band": "gr"[k % 2], "exptime_s": 60.0,
                    "corner_ra": corners[0].tolist(), "corner_dec": corners[1].tolist(), "wcs": "x", "settings": "{}",
                    "primary_radius_px": 5.0, "run_id": 1, "state": "ok",
                }
            )  # fmt: skip
            cover += frame_cells(frame_id, rows[-1])
    with db.table("given", pa.Table.from_pylist(rows)):
        db.execute("INSERT INTO frame BY NAME FROM given")
    table = np.array(cover)
    with db.table("given", pa.table({"norder": table[:, 0], "cell": table[:, 1], "frame_id": table[:, 2]})):
        db.execute("INSERT INTO frame_cover FROM given")


def outline(ra0: float, dec0: float, half: float, turned: float, *, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a square on the tangent plane."""
    angle = np.radians(turned + np.array([45, 135, 225, 315]) * (-1 if mirrored else 1))
    return TangentPlane(ra0, dec0).sky(half * np.sqrt(2) * np.column_stack([np.cos(angle), np.sin(angle)]))


def write_targets(db: Database, rows: list[dict[str, object]]) -> None:
    added = datetime.now(UTC).replace(tzinfo=None)
    given = [{"target_id": k, "name": f"T {k}", "added": added, **row} for k, row in enumerate(rows, 1)]
    with db.table("given", pa.Table.from_pylist(given)):
        db.execute("INSERT INTO target BY NAME FROM given")


@pytest.mark.parametrize(
    ("centre", "half"),
    [((0.02, -0.01), 0.1), ((359.99, 89.97), 0.15), ((120.0, -89.9), 0.1), ((45.0, 41.8), 1.8)],
    ids=["ra-0", "pole", "near-pole", "wide"],
)
def test_the_work_list_is_what_looking_at_every_pair_finds(centre, half):
    rng = np.random.default_rng(3)
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [centre], half, 20.0)
        n = 60
        ra, dec = TangentPlane(*centre).sky(1.6 * half * rng.uniform(-1, 1, (n, 2)))
        speed = np.where(rng.random(n) < 0.5, 8000.0, 0.0)  # mas/yr: 200 arcsec from the first frame to the last
        angle = rng.uniform(0, 2 * np.pi, n)
        write_targets(
            db,
            [
                {
                    "ra": ra[k], "dec": dec[k], "epoch": 2015.5,
                    "pm_ra": speed[k] * np.cos(angle[k]) if speed[k] else None,
                    "pm_dec": speed[k] * np.sin(angle[k]) if speed[k] else None,
                    "offset_ra": 30.0 if k % 5 == 0 else None, "offset_dec": -20.0 if k % 5 == 0 else None,
                }
                for k in range(n)
            ],
        )  # fmt: skip
        lay_work(db, Who(targets=None), EVERY, again=False)
        found = set(db.rows("SELECT frame_id, place + 1 FROM forced_todo").rows)
        truth = db.rows(
            "SELECT f.frame_id, t.target_id FROM frame AS f, target AS t "
            "WHERE outline_holds(f.corner_ra, f.corner_dec, "
            "place_at(t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.offset_ra, t.offset_dec, f.mjd_mid).ra, "
            "place_at(t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.offset_ra, t.offset_dec, f.mjd_mid).dec)"
        ).rows
        assert found == set(truth)
        assert 0.2 < len(found) / (n * len(YEARS)) < 0.8
        there = positions(db)
        with db.table("p", there):
            worst = db.one(
                "SELECT max(separation_arcsec(p.ra, p.dec, q.ra, q.dec)) FROM p JOIN (SELECT t.target_id, f.frame_id, "
                "place_at(t.ra, t.dec, t.epoch, t.pm_ra, t.pm_dec, t.offset_ra, t.offset_dec, f.mjd_mid) AS q "
                "FROM target AS t, frame AS f) AS w USING (target_id, frame_id)"
            )
        assert worst < 0.02
        assert there.num_rows == len(found)


def test_what_is_there_is_not_asked_for_again_and_what_could_not_be_read_is():
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [(10.0, 5.0)], 0.1, 0.0)
        write_targets(db, [{"ra": 10.0, "dec": 5.0, "epoch": 2016.0, "methods": ["primary", "psf"]}])
        laid = lay_work(db, Who(targets=None), EVERY, again=False)
        assert db.one("SELECT count(*) FROM forced_todo") == 2 * len(YEARS)
        assert [batches for _, batches in nights(db)] == [[[k + 1]] for k in range(len(YEARS))]
        row = {"skey": 1, "target_id": 1, "method": "circle", "flags": 0, "is_detected": False, "run_id": 1}
        db.insert(
            "forced",
            [
                {**row, "frame_id": 1, "aperture_id": 0, "reason": None, "x": 1.0},
                {**row, "frame_id": 2, "aperture_id": 0, "reason": "no such file", "x": None},
                {**row, "frame_id": 3, "aperture_id": 0, "reason": "over the edge", "x": 1.0},
                {**row, "frame_id": 4, "aperture_id": -2, "reason": None, "x": 1.0},
            ],
        )
        lay_work(db, Who(targets=None), EVERY, again=False)
        left = set(db.rows("SELECT frame_id, aperture_id FROM forced_todo WHERE frame_id < 5").rows)
        assert left == {(1, -2), (2, 0), (2, -2), (3, -2), (4, 0)}
        lay_work(db, Who(targets=None), EVERY, again=True)
        assert db.one("SELECT count(*) FROM forced_todo") == 2 * len(YEARS)
        assert unseen(db, laid) == []


def test_recentring_that_is_wanted_or_not_any_more_is_measured_anew():
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [(10.0, 5.0)], 0.1, 0.0)
        write_targets(db, [{"ra": 10.0, "dec": 5.0, "epoch": 2016.0, "methods": ["primary", "recentre 1arcsec"]}])
        row = {"skey": 1, "target_id": 1, "method": "circle", "flags": 0, "is_detected": False, "run_id": 1}
        row |= {"aperture_id": 0, "x": 1.0}
        db.insert("forced", [{**row, "frame_id": 1, "shift_ra": None}, {**row, "frame_id": 2, "shift_ra": 0.0}])
        lay_work(db, Who(targets=None), Frames((1, 2)), again=False)
        assert db.rows("SELECT frame_id FROM forced_todo").rows == [(1,)]


def test_frames_are_chosen_by_number_band_and_date():
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [(10.0, 5.0)], 0.1, 0.0)
        write_targets(db, [{"ra": 10.0, "dec": 5.0, "epoch": 2016.0}])
        chosen = {
            Frames((3, 5)): [3, 5],
            Frames(bands=("r",), to_mjd=float(mjd(2004.5))): [2, 4],
            Frames(from_mjd=float(mjd(2023.5))): [25, 26],
        }
        for frames, ids in chosen.items():
            lay_work(db, Who(targets=None), frames, again=False)
            assert [row[0] for row in db.rows("SELECT frame_id FROM forced_todo ORDER BY 1").rows] == ids


def test_frames_of_other_programs_and_failed_ones_are_not_looked_at():
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [(10.0, 5.0)], 0.1, 0.0)
        write_targets(db, [{"ra": 10.0, "dec": 5.0, "epoch": 2016.0}])
        db.execute("UPDATE frame SET origin = 'imported' WHERE frame_id = 1")
        db.execute("UPDATE frame SET state = 'rejected' WHERE frame_id = 2")
        db.execute("UPDATE frame SET wcs = NULL WHERE frame_id = 3")
        laid = lay_work(db, Who(targets=None), EVERY, again=False)
        assert laid.n_frames == len(YEARS) - 3
        assert db.one("SELECT min(frame_id) FROM forced_todo") == 4


def test_a_target_beside_all_frames_and_one_without_a_place_are_named():
    with Database.open(":memory:", read_only=False) as db:
        write_frames(db, [(10.0, 5.0)], 0.1, 0.0)
        nowhere = {"ra": float("nan"), "dec": 5.0, "epoch": 2016.0}
        write_targets(
            db, [{"ra": 10.0, "dec": 5.0, "epoch": 2016.0}, {"ra": 10.2, "dec": 5.0, "epoch": 2016.0}, nowhere]
        )
        laid = lay_work(db, Who(targets=None), EVERY, again=False)
        assert unseen(db, laid) == ["T 2"]
        assert [target.name for target in laid.unplaced] == ["T 3"]


def test_what_is_asked_of_a_target_is_kept_as_words_and_read_again():
    asked = Asked((Aperture("arcsec", 5.0), Aperture("fwhm", 2.5)), psf=True, recentre_arcsec=1.5)
    assert asked.words() == ["primary", "5arcsec", "2.5fwhm", "psf", "recentre 1.5arcsec"]
    assert Asked.of(asked.words()) == asked
    assert Asked.of(None) == Asked()
    both = Asked((size("5arcsec"),)).with_more(Asked((size('2"'), size("5arcsec")), ellipse=True))
    assert both.words() == ["primary", "5arcsec", "2arcsec", "ellipse"]
    assert asked.with_more(Asked()).recentre_arcsec == 1.5
    back = asked.with_more(Asked(no_recentre=True))
    assert back.words() == ["primary", "5arcsec", "2.5fwhm", "psf"]
    with pytest.raises(InputError, match="3parsec"):
        Asked.of(["3parsec"])
    for wrong in ("", "5", "-2fwhm", "0arcsec", "4000arcsec"):
        with pytest.raises(UsageError, match="is not an aperture"):
            size(wrong)
