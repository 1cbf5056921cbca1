"""The control star: which it is by PP's rule, and how constant it is said to be."""

import math
import shutil

import numpy as np
import pytest
from moving_store import ASTEROID, moving_store, put
from stores import FAR, N_FRAMES, NEIGHBOUR, STAR

from photdb.asking.controls import control_star, flatness
from photdb.cli.app import run
from photdb.errors import NotFoundError
from photdb.sky import healpix, name_of, unit_vector
from photdb.store.database import Database

N_STAR = 57


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The asteroid's store with more stars, the n-th one n times as faint as 5000 ADU/s, in all frames but some."""
    made = moving_store(tmp_path_factory.mktemp("controls") / "controls.duckdb")
    objects, detections = [], []
    with Database.open(made, read_only=False) as db:
        for n in range(1, N_STAR + 1):
            ra, dec, number = 41.4 + 0.002 * n, -30.35, 2**61 + 1000 + n
            ux, uy, uz = map(float, unit_vector(ra, dec))
            objects.append({
                "object_id": number, "name": name_of(ra, dec), "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
                "ux": ux, "uy": uy, "uz": uz, "epoch": 2017.97, "n_detections": N_FRAMES, "run_id": 1, "kind": "star",
            })  # fmt: skip
            for frame_id in range(1, N_FRAMES + 1):
                if n % 7 == 0 and frame_id == 1:
                    continue  # not in the first frame
                away = 1.5 / 3600 if n % 11 == 0 and frame_id == N_FRAMES else 0.0  # too far from itself in the last
                flux = 5000.0 / n * (3.0 if n == 5 and frame_id == N_FRAMES else 1.0)  # brighter in the last
                detections.append({
                    "skey": number, "object_id": number, "frame_id": frame_id, "ra": ra, "dec": dec + away, "x": 5.0,
                    "y": 6.0, "flux": flux, "flux_err": 1.0, "flags": 0,
                })  # fmt: skip
        put(db, "object", objects)
        put(db, "detection_hot", detections)
    return made


def test_it_is_the_star_a_twentieth_down_the_list_of_the_last_frame(path):
    with Database.open(path) as db:
        control = control_star(db, ASTEROID)
        last = dict(db.rows("SELECT object_id, flux FROM detection WHERE frame_id = 12").rows)
    shared = {
        2**61 + 1000 + n for n in range(1, N_STAR + 1) if n % 7 and n % 11
    } | {STAR, NEIGHBOUR, FAR}  # the faint star's flux is negative there  # fmt: skip
    ranked = sorted(shared, key=lambda k: -last[k])
    assert control.n_star == len(shared) == 47
    assert control.place == int(0.05 * 47) == 2
    assert control.found.object_id == ranked[2] == 2**61 + 1002
    assert ranked[:2] == [2**61 + 1001, 2**61 + 1005]  # in the order of the last frame, not of the first


def test_the_next_whole_star_is_fainter_and_in_every_frame(path, tmp_path):
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as db:
        db.execute(f"UPDATE detection_hot SET flags = 4 WHERE object_id = {2**61 + 1002} AND frame_id = 5")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {2**61 + 1003} AND frame_id = 7")
        assert control_star(db, ASTEROID).found.object_id == 2**61 + 1002
        control = control_star(db, ASTEROID, whole=True)
        assert (control.place, control.found.object_id) == (4, 2**61 + 1004)
        db.execute("UPDATE detection_hot SET flags = 4 WHERE frame_id = 5")
        with pytest.raises(NotFoundError, match="is whole in all 12 frames"):
            control_star(db, ASTEROID, whole=True)


def test_two_frames_without_a_common_star_are_said(path, tmp_path):
    own = shutil.copy(path, tmp_path / "own.duckdb")
    with Database.open(own, read_only=False) as db:
        db.execute(f"DELETE FROM detection_hot WHERE frame_id = 12 AND object_id <> {ASTEROID}")
        with pytest.raises(NotFoundError, match="frames 1 and 12"):
            control_star(db, ASTEROID)
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID} AND frame_id > 1")
        with pytest.raises(NotFoundError, match="1 points in band g"):
            control_star(db, ASTEROID)


def test_noise_that_is_what_the_errors_say_has_chi2_one():
    rng = np.random.default_rng(3)
    points = [
        {"mag": 15 + e * x, "mag_err": 0.8 * e, "zp_err": 0.6 * e, "flags": 0}
        for e, x in zip(rng.uniform(0.01, 0.03, 4000), rng.standard_normal(4000), strict=True)
    ]
    flat = flatness(points)
    assert flat.chi2_dof == pytest.approx(1, abs=0.1)
    assert flat.rms == pytest.approx(flat.error, rel=0.05)
    assert flat.n_unfit == 0


def test_saturated_points_are_not_compared():
    points = [{"mag": m, "mag_err": 0.01, "zp_err": None, "flags": f} for m, f in ((15, 0), (15.02, 0), (12, 4))]
    flat = flatness(points)
    assert (flat.n, flat.n_unfit) == (2, 1)
    assert flat.rms == pytest.approx(0.02 / math.sqrt(2))
    assert "1 saturated, cut or hit ones left out" in flat.line()
    assert flatness(points[1:]) is None


def test_the_command_prints_its_light_curve_and_its_scatter(path, tmp_path, capsys):
    picture = tmp_path / "control.png"
    assert run(["controls", "(5945) roachapproach", "--db", str(path), "--format", "csv", "--plot", str(picture)]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 + N_FRAMES
    assert {line.split(",")[0] for line in out.splitlines()[1:]} == {str(2**61 + 1002)}
    assert "star 3 of 47 by brightness, band g" in err
    assert "scatter 0.0000 mag in 11 points" in err  # frame 12 has no zero point
    assert picture.stat().st_size > 5000
