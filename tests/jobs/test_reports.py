"""Reports of a moving target that no frame detected: photometry is written, a predicted place never."""

import csv
import io

import pytest
from moving_store import ASTEROID, NAME, TARGET, moving_store, path_at, put
from stores import FAR, NEIGHBOUR, STAR, WITHOUT_ZP, mjd_of

from photdb.cli.app import run
from photdb.store.database import Database

MEASURED = (1, 2, 3, 4, 5, 6)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The asteroid of `moving_store`, never detected, forced in six frames, in one of them twice."""
    made = moving_store(tmp_path_factory.mktemp("alone") / "alone.duckdb")
    with Database.open(made, read_only=False) as db:
        db.execute(f"DELETE FROM object WHERE object_id = {ASTEROID}")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID}")
        for frame_id in MEASURED:
            ra, dec = (float(v) for v in path_at(mjd_of(frame_id)))
            row = {
                "skey": 7, "target_id": TARGET, "frame_id": frame_id, "aperture_id": 0, "method": "trail", "ra": ra,
                "dec": dec, "x": 5.0, "y": 5.0, "flux": 40.0 if frame_id != 4 else -3.0, "flux_err": 1.0, "noise": 0.9,
                "flags": 0, "is_detected": False, "run_id": 1,
            }  # fmt: skip
            more = {"method": "circle", "flux": 30.0}
            put(db, "forced", [row] if frame_id > 1 else [row, row | more])
    return made


@pytest.mark.parametrize("kind", ["mpc", "ades"])
def test_a_prediction_is_not_reported_to_the_minor_planet_center(path, tmp_path, capsys, kind):
    out = tmp_path / "report"
    words = ["export", "--format", kind, "--db", str(path), "-o", str(out), "--set", "observers=J. Doe"]
    assert run([*words, "--target", NAME]) == 3
    err = capsys.readouterr().err
    assert (
        f"{NAME} is not reported: no frame detected it, its 6 forced fluxes were measured where it was predicted" in err
    )
    assert "a prediction must not reach the Minor Planet Center as an observation" in err
    assert f'photdb export --format pp --target "{NAME}"' in err
    assert run(words) == 3
    assert "a prediction must not reach the Minor Planet Center" in capsys.readouterr().err
    assert not out.exists()


def test_pps_file_has_the_forced_photometry(path, tmp_path):
    out = tmp_path / "photometry.dat"
    assert run(["export", "--format", "pp", "--target", NAME, "--db", str(path), "-o", str(out)]) == 0
    lines = [line for line in out.read_text().splitlines() if ".fits" in line]
    assert len(lines) == len(MEASURED)
    assert all(" FORCED " in line for line in lines)
    assert [k for k, line in zip(MEASURED, lines, strict=True) if line.startswith("#")] == [4]  # no magnitude
    for frame_id, line in zip(MEASURED, lines, strict=True):
        words = line.lstrip("#").split()
        ra, dec = path_at(mjd_of(frame_id))
        assert (float(words[4]), float(words[5])) == pytest.approx((float(ra), float(dec)), abs=1e-8)
        assert [abs(float(w)) for w in words[6:8]] == pytest.approx([0, 0], abs=0.02)  # the path between its rows
    assert len({line.split()[2] for line in lines if not line.startswith("#")}) == 1  # of the trail, not of the circle


def test_a_target_that_was_only_forced_has_a_control_star(path, capsys):
    assert run(["controls", NAME, "--db", str(path), "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    (star,) = {int(r["object_id"]) for r in csv.DictReader(io.StringIO(out))}
    assert star in (STAR, NEIGHBOUR, FAR)
    assert f"{len(MEASURED) - (WITHOUT_ZP in MEASURED)} points" in err
