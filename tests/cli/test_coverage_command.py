"""Which frames saw a place, why a point is missing from them, and which places were seen."""

import csv
import io
import shutil
from pathlib import Path

import healpy
import numpy as np
import pytest
from stores import DEC, FAINT, FAR, HALF_FIELD, NEIGHBOUR, RA, STAR, WITHOUT_ZP

import photdb as package
from photdb.asking.moc import moc_text
from photdb.asking.sky_map import sky_map
from photdb.catalogs.linear_motion import linear_path
from photdb.cli import app as cli
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.import_files import import_files
from photdb.jobs.import_rows import Given
from photdb.jobs.target import add_moving
from photdb.query import outline_holds
from photdb.store.database import Database

HERE = ["41.58", "-30.27"]
CIRCLES = (
    '{"mask_circles": [{"ra": 41.5, "dec": -30.2, "radius_arcsec": 9.0}, '
    '{"ra": 41.58, "dec": -30.2144, "radius_arcsec": 30}]}'
)


@pytest.fixture(scope="module")
def torn(tmp_path_factory) -> Path:
    """A store like the small one from which points are missing, each for a reason of its own."""
    from stores import small_store

    path = small_store(tmp_path_factory.mktemp("torn") / "torn.duckdb")
    with Database.open(path, read_only=False) as db:
        db.execute(
            "UPDATE frame SET primary_radius_px = 4, pixel_scale_arcsec = 1.5, fwhm_arcsec = 1 WHERE state = 'ok'"
        )
        db.execute("UPDATE frame SET settings = $c WHERE frame_id = 3", c=CIRCLES)
        # the star is missing from four frames, and its neighbour from one of these and from frame 8
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {STAR} AND frame_id IN (1, 2, 3, 12)")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {NEIGHBOUR} AND frame_id IN (1, 8)")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {FAR} AND frame_id IN (3, 4, 5, 12)")
        db.execute(f"UPDATE detection_hot SET flux = NULL WHERE object_id = {FAR} AND frame_id = 6")
        db.execute(f"DELETE FROM detection_hot WHERE object_id = {FAINT} AND frame_id = 7")
        db.execute("UPDATE frame SET fwhm_arcsec = 5 WHERE frame_id = 2")
        # another that failed near the place, one of the same object without WCS, and one that failed far away
        names = "frame_id, file_id, hdu, path, run_id, state, reason, ra, dec, object_name"
        for values in (
            f"(20, 20, 0, '/f20.fits', 1, 'failed', 'trailed', {RA + 0.3}, {DEC}, 'OTHER')",
            "(21, 21, 0, '/f21.fits', 1, 'ok', NULL, NULL, NULL, 'SIM 1')",
            "(22, 22, 0, '/f22.fits', 1, 'failed', 'dark', 200, 10, 'SIM 1')",
        ):
            db.execute(f"INSERT INTO frame ({names}) VALUES {values}")
    return path


@pytest.fixture
def photdb(torn, monkeypatch, capsys):
    """Run a command line on the torn store: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(torn))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def rows(text: str) -> dict[int, dict[str, str]]:
    return {int(r["frame_id"]): r for r in csv.DictReader(io.StringIO(text))}


def whys(photdb, *words: str) -> dict[int, tuple[str, str]]:
    code, out, err = photdb("coverage", *words)
    assert code == 0, err
    return {frame: (r["status"], r["why"]) for frame, r in rows(out).items()}


def test_every_frame_of_a_star_says_what_became_of_it(photdb):
    found = whys(photdb, "--object", str(STAR))
    assert found[1] == ("not detected", "missed")  # 15 mag, six magnitudes above the limit, and nobody beside it
    assert found[2] == ("not detected", "blended")  # the neighbour at 4 arcsec, in a seeing of 5
    assert found[3] == ("not detected", "missed")  # in a seeing of 1 the neighbour is not in the way
    assert found[12] == ("not detected", "not calibrated")
    assert {found[i] for i in range(4, 12)} == {("detected", "")}
    assert found[20] == ("failed", "")
    assert found[21] == ("no WCS", "")
    assert set(found) == {*range(1, 13), 20, 21}


def test_masked_places_and_lost_fluxes_are_told_from_faint_ones(photdb):
    found = whys(photdb, "--object", str(FAR))
    assert found[3] == ("not detected", "masked")
    assert found[4] == ("not detected", "missed")
    assert found[6] == ("detected", "masked")
    # the neighbour is flagged as deblended in every frame: its limit would be that of a place without a star beside it
    assert whys(photdb, "--object", str(NEIGHBOUR))[8] == ("not detected", "blended")
    assert whys(photdb, "--object", str(FAINT))[7] == ("not detected", "too faint")
    assert WITHOUT_ZP == 12


def test_the_reasons_have_their_numbers(photdb):
    _, out, err = photdb("coverage", "--object", str(STAR))
    found = rows(out)
    assert found[2]["reason"] == "J024619.20-301608.0 was measured 4.0 arcsec from the place"
    assert found[1]["reason"] == "usually 14.98, 5.6 mag above the limit"
    assert found[20]["reason"] == "trailed"
    assert float(found[1]["limit_mag"]) == pytest.approx(20.6)
    assert "14 frames: 8 detected, 2 not detected (missed)" in err


def test_a_place_without_an_object_was_seen_or_not(photdb):
    found = whys(photdb, "41.58", str(DEC + 0.1))
    assert {found[i] for i in range(1, 12)} == {("not detected", "too faint")}
    code, _, err = photdb("coverage", "200", "80")
    assert code == 3
    assert "was never observed; no frame covers the place; 3 frames failed or rejected" in err


def test_near_the_side_of_a_frame_the_aperture_does_not_fit(photdb):
    # the southern side is a great circle, a little north of its corners in the middle
    for inside in (3.0, 5.9):
        _, out, _ = photdb("coverage", "41.58", f"{_side() + inside / 3600:.8f}")
        assert rows(out)[1]["why"] == "edge"
        assert float(rows(out)[1]["margin_arcsec"]) == pytest.approx(inside, abs=0.01)
    assert whys(photdb, "41.58", f"{_side() + 6.1 / 3600:.8f}")[1] == ("not detected", "too faint")
    _, out, _ = photdb("coverage", "41.58", f"{_side() - 2 / 3600:.8f}")
    assert (rows(out)[1]["status"], rows(out)[1]["reason"]) == ("outside", "2.0 arcsec outside the frame")


def _side() -> float:
    """Where the southern side of the frames crosses their middle, deg."""
    south, half = np.radians(DEC - HALF_FIELD), np.radians(HALF_FIELD)
    return float(np.degrees(np.arctan(np.tan(south) / np.cos(half))))


def test_limits_are_rows_of_the_light_curve_only_where_the_star_would_have_been_seen(photdb):
    code, out, err = photdb("lightcurve", "--object", str(STAR), "--limits")
    assert code == 0, err
    found = rows(out)
    assert set(found) == {1, 3, *range(4, 12)}
    assert [found[i]["kind"] for i in (1, 3, 4)] == ["limit", "limit", "detected"]
    assert (found[1]["flux"], found[1]["mag"], found[1]["limit_mag"]) == ("", "", "20.6")
    assert found[1]["bjd_tdb"]
    assert "10 points: 8 detected, 2 upper limits of frames that did not detect it" in err
    plain = photdb("lightcurve", "--object", str(STAR))[1]
    assert out.splitlines()[0] == plain.splitlines()[0]
    detected = [line for line in out.splitlines() if ",limit," not in line]
    assert detected == plain.splitlines()


def test_a_place_without_an_object_has_limits_and_one_that_nobody_saw_has_none(photdb):
    code, out, err = photdb("lightcurve", "41.58", str(DEC + 0.1), "--limits", "--band", "g")
    assert code == 0, err
    assert {r["kind"] for r in rows(out).values()} == {"limit"}
    assert {r["object_id"] for r in rows(out).values()} == {""}
    assert "no object there" in err
    assert photdb("lightcurve", "200", "80", "--limits")[0] == 3
    code, _, err = photdb("lightcurve", *HERE, "--limits", "--aperture-id", "-1")
    assert code == 2
    assert "primary aperture" in err


def test_a_light_curve_with_limits_can_be_drawn(photdb, tmp_path):
    picture = tmp_path / "star.png"
    assert photdb("lightcurve", "--object", str(STAR), "--limits", "--plot", str(picture))[0] == 0
    assert picture.stat().st_size > 5000


def test_coverage_of_many_places_at_once_is_that_of_each(torn):
    with Database.open(torn) as db:
        places = [(RA, DEC, STAR), (RA, DEC + 200 / 3600, FAR), (RA, DEC + 0.1, None), (0.0, 0.0, None)]
        many = db.rows(
            "SELECT i, frame_id, status, why, reason FROM coverage($r::DOUBLE[], $d::DOUBLE[], $o::BIGINT[])",
            {"r": [p[0] for p in places], "d": [p[1] for p in places], "o": [p[2] for p in places]},
        ).rows
        for i, (ra, dec, object_id) in enumerate(places, 1):
            one = db.query("coverage", ra=ra, dec=dec, object_id=object_id, target_id=None, sigma=5).dicts()
            assert [m[1:] for m in many if m[0] == i] == [
                (r["frame_id"], r["status"], r["why"], r["reason"]) for r in one
            ]


@pytest.mark.parametrize(
    ("corner_ra", "corner_dec"),
    [
        ("list_transform(corner_ra, lambda v: v + frame_id / 100)", "corner_dec"),
        ("list_transform(corner_ra, lambda v: (v + 318.42 + frame_id / 100) % 360)", "corner_dec"),
        ("[frame_id, 90 + frame_id, 180 + frame_id, 270 + frame_id]", "[89.7, 89.8, 89.7, 89.9]"),
        ("[frame_id, 90 + frame_id, 180 + frame_id, 270 + frame_id]", "[-89.7, -89.8, -89.7, -89.9]"),
    ],
)
def test_the_map_counts_the_frames_over_each_cell_also_at_ra_0_and_the_poles(torn, tmp_path, corner_ra, corner_dec):
    own = Path(shutil.copy(torn, tmp_path / "own.duckdb"))
    with Database.open(own, read_only=False) as db:
        db.execute(
            f"UPDATE frame SET corner_ra = {corner_ra}, corner_dec = {corner_dec} WHERE corner_ra IS NOT NULL",
        )
        found = sky_map(db, order=11)
        outlines = db.rows("SELECT band, corner_ra, corner_dec FROM frame WHERE corner_ra IS NOT NULL").rows
    for band, (cells, counts) in found.bands.items():
        assert len(cells) > 50
        ra, dec = healpy.pix2ang(2**11, cells, nest=True, lonlat=True)
        some = np.random.default_rng(1).choice(len(cells), 40, replace=False)
        for k in some:
            held = sum(outline_holds(r, d, ra[k], dec[k]) for b, r, d in outlines if b == band)
            assert counts[k] == held


def test_what_was_observed_is_a_moc_in_every_format(photdb, tmp_path, torn):
    files = [tmp_path / f"observed{suffix}" for suffix in (".fits", ".json", ".txt")]
    for file in files:
        code, out, err = photdb("coverage", "--moc", str(file), "--order", "12")
        assert (code, out) == (0, ""), err
    with Database.open(torn) as db:
        cells = set(sky_map(db, order=12).cells().tolist())
        texts = [moc_text(str(file)) for file in files]
        for text in texts:
            ranges = db.rows("FROM hpx_ranges($m)", {"m": text}).rows
            assert {c for lo, hi in ranges for c in range(lo >> 34, (hi >> 34) + 1)} == cells
    code, out, _ = photdb("cone", "--moc", str(files[0]))
    assert {int(r["object_id"]) for r in csv.DictReader(io.StringIO(out))} == {STAR, NEIGHBOUR, FAINT, FAR}


def test_a_map_is_drawn_of_a_field_and_of_the_sky(photdb, tmp_path, torn):
    picture = tmp_path / "sky.png"
    code, _, err = photdb("coverage", "--map", str(picture), "--band", "g")
    assert code == 0, err
    assert picture.stat().st_size > 5000
    assert "square degrees were observed" in err
    from photdb.output.plot_coverage import draw

    cells = np.arange(0, 12 * 4**4, 5)
    draw({"g": (cells, np.ones(len(cells), dtype=np.int64))}, 4, tmp_path / "whole.svg", title="whole")
    assert (tmp_path / "whole.svg").stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "--map"),
        (["400", "10"], 2, "outside 0 to 360"),
        (["10", "95"], 2, "outside -90"),
        (["Nowhere"], 3, "Nowhere"),
        (["--object", "5"], 3, "no object 5"),
        ([*HERE, "--order", "5"], 2, "--map"),
        ([*HERE, "--map", "x.png"], 2, "whole store"),
        (["--map", "x.gif"], 2, ".png"),
        (["--moc", "x.xyz"], 2, ".fits"),
        (["--map", "x.png", "--order", "30"], 2, "outside 4 to 14"),
        (["--map", "x.png", "--band", "K"], 3, "of band K"),
        (["--moc", "/nowhere/x.txt"], 4, "no such folder"),
        ([*HERE, "--format", "xlsx"], 2, "no output format"),
    ],
)
def test_nonsense_is_refused(photdb, words, code, says):
    got, _, err = photdb("coverage", *words)
    assert got == code, err
    assert says in err


def test_a_map_or_moc_that_is_there_is_replaced_only_when_told(photdb, tmp_path):
    for option, name in (("--map", "a.png"), ("--moc", "a.json")):
        path = tmp_path / name
        path.write_text("mine")
        assert photdb("coverage", option, str(path))[0] == 4
        assert path.read_text() == "mine"
        assert photdb("coverage", option, str(path), "--overwrite")[0] == 0


def test_what_moves_and_has_no_path_has_no_limits(torn, tmp_path):
    own = Path(shutil.copy(torn, tmp_path / "own.duckdb"))
    with Database.open(own, read_only=False) as db:
        db.execute(f"UPDATE object SET kind = 'moving' WHERE object_id = {STAR}")
    with package.connect(own) as db:
        for ask in (db.coverage, lambda object_id: db.light_curve(object_id=object_id, limits=True)):
            with pytest.raises(NotFoundError, match="moves, and no target says where it was"):
                ask(object_id=STAR)
        many = db.light_curve(targets=[STAR, FAINT], limits=True)
        assert many.filter(kind="limit")["object_id"].unique().to_list() == [FAINT]
        assert many.filter(object_id=STAR).height == 8


def test_a_moving_target_that_no_frame_detected_has_no_limits_where_nothing_says_where_it_is(torn, tmp_path):
    own = Path(shutil.copy(torn, tmp_path / "own.duckdb"))
    with Database.open(own, read_only=False) as db:
        rock = add_moving(db, "rock", linear_path(RA, DEC + 0.1, 10, 0, at=59000, days=1))
        names = "skey, target_id, frame_id, aperture_id, method, flux, flux_err, flags, run_id, is_detected"
        db.execute(f"INSERT INTO forced ({names}) VALUES (7, {rock}, 4, 0, 'circle', 3, 1, 0, 1, false)")
    with package.connect(own) as db:
        assert db.light_curve(name="rock").height == 1
        for ask in (db.coverage, lambda name: db.light_curve(name=name, limits=True)):
            with pytest.raises(NotFoundError, match="rock moves, and nothing says where it was"):
                ask(name="rock")
        many = db.light_curve(targets=[{"name": "rock"}, {"name": "place", "ra": RA, "dec": DEC + 0.1}], limits=True)
        assert many.filter(kind="limit")["target"].unique().to_list() == ["place"]


def test_imported_frames_are_not_said_to_wait_for_forced_photometry(tmp_path, monkeypatch, capsys):
    path = tmp_path / "curve.csv"
    path.write_text("mjd,mag,band\n59000,14.2,V\n59001,<15.2,V\n59002,<12.2,V\n")
    import_files([path], store=tmp_path / "own.duckdb", given=Given(position=(RA, DEC), object="AG Peg"))
    monkeypatch.setenv("PHOTDB", str(tmp_path / "own.duckdb"))
    with pytest.raises(SystemExit) as end:
        cli.main(["coverage", "AG Peg"])
    assert not end.value.code
    out, err = capsys.readouterr()
    assert [r["reason"] for r in csv.DictReader(io.StringIO(out))] == [
        "", "usually 14.20, 1.0 mag above the limit", "usually 14.20, 2.0 mag below the limit",
    ]  # fmt: skip
    assert "3 frames: 1 detected" in err
    assert "2 frames imported: no pixels are here" in err
    assert "not yet forced" not in err


def test_python_has_coverage_and_limits(torn):
    with package.connect(torn) as db:
        found = db.coverage(RA, DEC)
        assert found.filter(status="detected").height == 8
        assert found.equals(db.coverage(object_id=STAR))
        assert db.coverage(RA, DEC + 0.1).filter(why="too faint").height == 11
        assert db.light_curve(object_id=STAR, limits=True).filter(kind="limit")["frame_id"].to_list() == [1, 3]
        for wrong in ({}, {"object_id": 1, "name": "x"}):
            with pytest.raises(UsageError):
                db.coverage(**wrong)
        with pytest.raises(NotFoundError):
            db.coverage(name="Nowhere")
