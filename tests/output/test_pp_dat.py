"""PP's light curve of a moving target: predicted places, offsets, and rejected points commented out."""

import io
import math
import shutil

import pytest
from moving_store import ASTEROID, FAR_OFF, NAME, NEAR_STAR, OFF_EAST, OFF_NORTH, SATURATED, TARGET, moving_store
from moving_store import measured_in as measured
from stores import N_FRAMES, WITHOUT_ZP, mjd_of

from photdb import query
from photdb.cli.app import run
from photdb.jobs.reports import completed
from photdb.output import pp
from photdb.store.database import Database


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_store(tmp_path_factory.mktemp("pp") / "moving.duckdb")


def lines_of(db, reject=None):
    out = io.StringIO()
    answer = query.export(db, "lightcurve", objects=[ASTEROID], question=pp.QUESTION)
    pp.stream(completed(db, answer, [ASTEROID], reject), out)
    return [line for line in out.getvalue().splitlines() if ".fits" in line]


def test_predicted_places_are_those_of_the_path(path):
    with Database.open(path) as db:
        lines = lines_of(db)
    assert len(lines) == N_FRAMES
    for frame_id, line in enumerate(lines, start=1):
        words = line.lstrip("#").split()
        ra, dec = measured(frame_id)
        assert float(words[1]) == pytest.approx(mjd_of(frame_id) + 2400000.5, abs=6e-8)
        assert (float(words[4]), float(words[5])) == pytest.approx((ra, dec), abs=1e-8)
        # [1] is predicted - source, and without the cosine of the declination
        assert float(words[6]) == pytest.approx(-OFF_EAST / 0.8643, abs=6e-3)
        assert float(words[7]) == pytest.approx(-OFF_NORTH - (20 if frame_id == FAR_OFF else 0), abs=6e-3)
        assert len(words) == 21


@pytest.mark.parametrize(
    ("reject", "expected"),
    [(None, {FAR_OFF}), ("none", set()), ("pos=25", set()), ("flags,star", {SATURATED, NEAR_STAR})],
)
def test_what_is_rejected_is_commented_out_and_stays(path, reject, expected):
    with Database.open(path) as db:
        lines = lines_of(db, reject)
    assert {k for k, line in enumerate(lines, start=1) if line.startswith("#")} == expected | {WITHOUT_ZP}
    assert len(lines) == N_FRAMES


def test_a_frame_without_a_detection_has_its_forced_flux(path, tmp_path):
    row = {
        "skey": 1, "object_id": None, "target_id": TARGET, "frame_id": 6, "aperture_id": 0, "method": "trail",
        "ra": 41.6, "dec": -30.2, "x": 5.0, "y": 5.0, "flux": 40.0, "flux_err": 1.0, "flags": 0, "is_detected": False,
        "run_id": 1,
    }  # fmt: skip
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as db:
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID} AND frame_id IN (6, 7)")
        db.insert("forced", [row, row | {"frame_id": 5, "is_detected": True}, row | {"frame_id": 7, "flux": -1.0}])
        lines = lines_of(db)
    assert len(lines) == N_FRAMES
    assert [k for k, line in enumerate(lines, start=1) if " FORCED " in line] == [6, 7]
    assert lines[5].split()[2] == f"{22.5 - 2.5 * math.log10(40):.4f}"
    assert abs(float(lines[5].split()[6])) < 1500  # it has a predicted place
    assert lines[6].startswith("#")  # a negative flux has no magnitude


def test_offsets_are_those_of_the_target(path, tmp_path):
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as db:
        db.execute(f"UPDATE target SET offset_ra = 1.25, offset_dec = -0.5 WHERE target_id = {TARGET}")
        assert {tuple(line.lstrip("#").split()[8:10]) for line in lines_of(db)} == {("1.25", "-0.50")}


def test_the_file_is_called_as_pp_calls_it(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["export", "--format", "pp", "--target", NAME, "--db", str(path)]) == 0
    (made,) = tmp_path.iterdir()
    assert made.name == "photometry__5945__Roachapproach.dat"
    lines = [line for line in made.read_text().splitlines() if ".fits" in line]
    assert sum(line.startswith("#") for line in lines) == 2
    again = ["export", "--format", "pp", "--target", NAME, "--db", str(path)]
    assert run(again) == 4
    assert run([*again, "--overwrite", "--set", "reject=shape"]) == 2
    assert run([*again, "--overwrite", "--set", "colour=red"]) == 2
    assert "no such option of --format pp" in capsys.readouterr().err


def test_astropy_reads_the_columns_of_what_counts(path, tmp_path):
    from astropy.table import Table

    out = tmp_path / "photometry_x.dat"
    assert run(["export", "--format", "pp", "--target", NAME, "--db", str(path), "-o", str(out)]) == 0
    table = Table.read(out, format="ascii.no_header", comment="#")
    assert (len(table), len(table.columns)) == (N_FRAMES - 2, 21)
    assert table["col3"].tolist() == pytest.approx((table["col12"] + table["col14"]).tolist(), abs=2e-4)
