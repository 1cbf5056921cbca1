"""Lowell 5945, real frames: (5945) Roachapproach along a positions file, its light curve, control star and reports."""

import json
import math
from statistics import stdev

import pytest

from photdb.cli.app import run
from photdb.jobs.ingest import ingest
from photdb.store.database import Database

pytestmark = pytest.mark.slow

NAME = "5945 Roachapproach"
#: Two arcs that were read off the frames by eye (deg; days from the middle of the night), good to 0.1 arcsec.
RA = (124.770298, 0.10742085, 0.01528185)
DEC = (25.3454509, -0.02567147, -0.01088222)
MIDDLE = 2458568.72


@pytest.fixture(scope="module")
def path(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lowell")
    store = folder / "lowell.duckdb"
    ingest([shared_data / "lowell5945"], store=store, workers=1)
    with Database.open(store) as db:
        frames = db.rows("SELECT parse_filename(path), mjd_mid + 2400000.5 FROM frame ORDER BY mjd_mid").rows
    lines = []
    for name, jd in frames:
        t = jd - MIDDLE
        ra, dec = (c[0] + c[1] * t + c[2] * t * t for c in (RA, DEC))
        lines.append(f"{name} {ra:.6f} {dec:.6f} {jd:.5f}\n")
    positions = folder / "positions.dat"
    positions.write_text("".join(lines))
    assert run(["target", "add", NAME, "--positions", str(positions), "--db", str(store)]) == 0
    assert run(["crossmatch", "--db", str(store)]) == 0
    return store


def curve(path, capsys, *more):
    assert run(["lightcurve", NAME, "--db", str(path), "--format", "json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_asteroid_is_found_in_every_frame_along_the_positions_file(path, capsys):
    points = curve(path, capsys, "--reject", "pos=1,flags,mag,star")
    assert [p["kind"] for p in points] == ["detected"] * 12
    assert max(p["residual_arcsec"] for p in points) < 0.15
    assert {p["rejected"] for p in points} == {None}
    first, last = points[0], points[-1]
    hours = (last["mjd_mid"] - first["mjd_mid"]) * 24
    east = (last["measured_ra"] - first["measured_ra"]) * math.cos(math.radians(25.345)) * 3600 / hours
    north = (last["measured_dec"] - first["measured_dec"]) * 3600 / hours
    assert (east, north) == pytest.approx((14.6, -3.9), abs=0.1)


def test_it_turns_and_its_control_star_is_constant(path, capsys):
    asteroid = [p["mag"] for p in curve(path, capsys)]
    assert 0.3 < max(asteroid) - min(asteroid) < 0.5
    assert run(["controls", NAME, "--whole", "--db", str(path), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    control = json.loads(out)
    assert len(control) == 12
    assert "degree of freedom" in err
    assert stdev(p["mag"] for p in control) < 0.003
    errors = [math.hypot(p["mag_err"], p["zp_err"]) for p in control]
    assert stdev(p["mag"] for p in control) < 1.5 * math.sqrt(sum(e * e for e in errors) / 12)


def test_pps_file_and_the_reports_hold_its_twelve_points(path, tmp_path):
    asked = ["export", "--target", NAME, "--db", str(path)]
    said = ["--set", "observers=N. N.", "--set", "astcat=Gaia2"]
    dat, psv, obs = (tmp_path / name for name in ("photometry_5945.dat", "5945.psv", "5945.obs"))
    assert run([*asked, "--format", "pp", "-o", str(dat)]) == 0
    lines = [line for line in dat.read_text().splitlines() if ".fits" in line]
    assert len(lines) == 12
    assert all(line.startswith(" ") and abs(float(line.split()[6])) < 0.2 for line in lines)
    assert run([*asked, *said, "--format", "ades", "-o", str(psv)]) == 0
    rows = [line.split("|") for line in psv.read_text().splitlines() if line.startswith("5945")]
    assert len(rows) == 12
    assert {row[2] for row in rows} == {"688"}  # of the telescope file
    assert "|mag" not in psv.read_text()  # relative: it must not look calibrated
    assert run([*asked, *said, "--format", "mpc", "-o", str(obs)]) == 0
    records = [line for line in obs.read_text().splitlines() if len(line) == 80]
    assert len(records) == 12
    assert records[0] == "05945         C2019 03 26.10418 08 19 01.93 +25 20 53.8                      688"
