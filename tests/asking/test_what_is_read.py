"""What a light curve reads of a store of many stars and frames: little more than its own; and whom a position means."""

import json
import math
from pathlib import Path

import pytest

from photdb.query import find_object, light_curve
from photdb.store.answer import Answer
from photdb.store.database import Database

#: Rows that duckdb reads at once.
ROW_GROUP = 122_880
N_STAR, N_FRAME = 300_000, 40_000
#: A star of the middle of the sky's order, seen in the first frames of the store.
STAR = 150_000
POINTS = 5


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """A store of many stars, and of many frames with zero points in eight apertures."""
    path = tmp_path_factory.mktemp("many") / "many.duckdb"
    with Database.open(path, read_only=False, create=True) as db, db.transaction():
        db.execute(
            "INSERT INTO object (object_id, name, hpx, ra, dec, ux, uy, uz, epoch, n_detections, run_id) "
            "SELECT i, 'J' || i, i, a, 0, cos(radians(a)), sin(radians(a)), 0, 2020, 1, 1 "
            "FROM (SELECT i, i / 1000 AS a FROM range($n) AS t(i))",
            n=N_STAR,
        )
        db.execute(
            "INSERT INTO detection_hot BY NAME SELECT i // $k AS skey, skey AS object_id, 1 + i % $k AS frame_id, "
            "100 AS x, 200 AS y, 10 AS flux, 1 AS flux_err, 0 AS flags FROM range($n * $k) AS t(i)",
            n=N_STAR,
            k=POINTS,
        )
        db.execute(
            "INSERT INTO frame (frame_id, file_id, hdu, path, band, mjd_mid, jd_tdb, bary_x, bary_y, bary_z, width, "
            "height, run_id, state) SELECT i, i, 0, 'f' || i, 'g', 59000 + i / 100, 2459000.5 + i / 100, 0.1, 0.2, "
            "0.3, 1000, 1000, 1, 'ok' FROM range(1, $n + 1) AS t(i)",
            n=N_FRAME,
        )
        db.execute(
            "INSERT INTO zeropoint (cal_id, frame_id, aperture_id, zp, zp_err, n_star, n_candidate, mag_system, flag) "
            "SELECT 1, i, a, 22 + i / 1e6, 0.01, 9, 9, 'AB', 0 FROM range(1, $n + 1) AS t(i), range(8) AS s(a) "
            "ORDER BY i, a",
            n=N_FRAME,
        )
        db.execute("INSERT INTO frame_calibration SELECT i, 1 FROM range(1, $n + 1) AS t(i)", n=N_FRAME)
    return path


def read(answer: Answer) -> int:
    """Rows that the scans of a question looked at."""
    con = answer.database._con
    con.execute("PRAGMA enable_profiling = 'no_output'")
    con.execute("PRAGMA profiling_mode = 'detailed'")
    rows = con.execute(answer.sql, dict(answer.parameters)).fetchall()
    found = json.loads(con.get_profiling_information(format="json"))
    con.execute("PRAGMA disable_profiling")
    assert len(rows) == POINTS
    return _read(found)


def _read(node: dict) -> int:
    inner = [*node.get("operator", ()), *node.get("children", ())]  # duckdb 2 has the first, and shorter names
    return int(node.get("operator_rows_scanned") or node.get("rows_scanned") or 0) + sum(map(_read, inner))


def test_a_light_curve_reads_a_row_group_of_each_table_and_not_the_zero_points_of_other_frames(many):
    with Database.open(many) as db:
        found = find_object(db, STAR / 1000, 0.0, radius=2.0)
        view = Answer(db, "SELECT * FROM lightcurve WHERE object_id = $i", {"i": STAR})
        of_tables = 2 * ROW_GROUP + 2 * N_FRAME  # detections may lie in two; frames and their calibrations, with room
        for answer in (light_curve(db, STAR), light_curve(db, found.object_id), view):
            n = read(answer)
            assert N_FRAME * 8 > 2 * ROW_GROUP  # else nothing could be left out
            assert POINTS <= n <= of_tables + 2 * ROW_GROUP


def test_a_light_curve_of_many_frames_has_the_zero_points_of_its_own(many):
    with Database.open(many) as db:
        curve = list(light_curve(db, STAR).only(["frame_id", "mag", "zp"]).rows())
        assert (
            curve
            == db.rows(
                "SELECT frame_id, mag, zp FROM lightcurve WHERE object_id = $i ORDER BY frame_id", {"i": STAR}
            ).rows
        )
        assert [row[0] for row in curve] == list(range(1, POINTS + 1))
        assert [row[2] for row in curve] == pytest.approx([22 + i / 1e6 for i in range(1, POINTS + 1)], abs=1e-12)


PLACES = [(0.0, 89.9999), (123.0, -89.99999), (0.0, 0.0), (359.99995, 41.0), (41.58, -30.27)]


@pytest.mark.parametrize("radius", [0.5, 5.0, 59.0, 60.0, 61.0, 3600.0])
def test_the_nearest_object_is_the_first_of_the_cone_at_the_poles_and_at_ra_0_too(radius):
    with Database.open(":memory:", read_only=False) as db:
        number = 0
        for ra, dec in PLACES:
            for k in range(12):
                turn, away = 0.7 * k, (0.3 + 4.9 * k) / 3600
                d = max(-90.0, min(90.0, dec + away * math.cos(turn)))
                a = (ra + away * math.sin(turn) / max(math.cos(math.radians(d)), 1e-9)) % 360
                number += 1
                db.execute(
                    "INSERT INTO object (object_id, name, hpx, ra, dec, ux, uy, uz, epoch, n_detections, run_id, kind) "
                    "SELECT $i, 'J' || $i, $i, $a, $d, cos(radians($d)) * cos(radians($a)), "
                    "cos(radians($d)) * sin(radians($a)), sin(radians($d)), 2020, 1, 1, $kind",
                    i=number,
                    a=a,
                    d=d,
                    kind="moving" if k == 0 else None,
                )
        for ra, dec in PLACES:
            cone = db.rows("FROM cone($a, $d, $r)", {"a": ra, "d": dec, "r": radius}).dicts()
            if not cone:
                continue
            found = find_object(db, ra, dec, radius=radius)
            assert found.object_id == cone[0]["object_id"]
            assert found.separation == pytest.approx(cone[0]["separation_arcsec"], abs=1e-7)
        assert any(db.rows("FROM cone($a, $d, 20)", {"a": a, "d": d}).rows for a, d in PLACES)
