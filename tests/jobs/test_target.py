"""Targets: files of positions, lists, paths from Horizons, what headers name."""

from __future__ import annotations

import numpy as np
import pytest
from horizons_server import UNKNOWN, Horizons, place

from photdb.catalogs.linear_motion import linear_path
from photdb.errors import InputError, NotFoundError, PhotdbError, UsageError
from photdb.jobs import target
from photdb.jobs.moving import places_in_frames
from photdb.jobs.places import fixed_places
from photdb.jobs.target_headers import from_headers
from photdb.jobs.target_horizons import follow
from photdb.jobs.target_list import add_list, read_list
from photdb.jobs.target_positions import add_positions, read_positions
from photdb.jobs.target_uncovered import uncovered_in_run, words
from photdb.sky import separation_arcsec
from photdb.store.database import Database

MJD = 58568.1
LOWELL = {"site": "Lowell Observatory, Anderson Mesa", "site_latitude": 35.09675, "site_longitude": -111.5355}


@pytest.fixture
def db():
    with Database.open(":memory:", read_only=False, create=True) as store:
        yield store


def frames(db: Database, *given: dict) -> None:
    """Insert frames with what is given."""
    for said in given:
        number = db.next_id("frame", "frame_id")
        row = {"frame_id": number, "file_id": number, "hdu": 0, "path": f"/n/f{number}.fits", "exptime_s": 300.0}
        db.insert("frame", [{**row, "run_id": 1, "state": "ok", **said}])


def store_with(path, *given: dict):
    with Database.open(path, read_only=False, create=True) as db:
        frames(db, *given)
    return path


@pytest.fixture
def horizons(monkeypatch):
    monkeypatch.delenv("PHOTDB_OFFLINE", raising=False)
    server = Horizons()
    yield server
    server.close()


def positions(db: Database, tmp_path, text: str, name: str | None = "5945", **more):
    file = tmp_path / "positions.dat"
    file.write_text(text)
    return add_positions(db, read_positions(file), name, file=file, **more)


# Files of positions


def test_positions_as_pp_writes_them_give_places_in_their_frames_and_in_those_that_come_later(db, tmp_path):
    frames(db, {"path": "/n/20190326.0126.fits.fz", "mjd_mid": MJD}, {"path": "/n/b.FIT", "mjd_mid": MJD + 0.1})
    text = (
        "#  filename   midtime_JD  RA  Dec\n"
        f"     data/20190326.0126.fits   124.75804  25.34828  {2400000.5 + MJD:18.9f}\n"
        f"b.fits 08:19:02.0 +25:20:00 {2400000.5 + MJD + 0.1}   # a comment\n"
        f"later.fits 124.8 25.3 {2400000.5 + MJD + 0.2}\n"
    )
    (kept,) = positions(db, tmp_path, text)
    assert (kept.name, kept.n_position, kept.n_frame) == ("5945", 3, 2)
    assert kept.notes[0].startswith("1 of 3 frames not in the store yet: later.fits; what is said of them is kept")
    found = places_in_frames(db, [1, 2], [MJD, MJD + 0.1]).to_pylist()
    assert [r["ra"] for r in found] == pytest.approx([124.75804, 124.7583333])
    frames(db, {"path": "/m/later.fits.gz", "mjd_mid": MJD + 0.2})
    assert places_in_frames(db, [3], [MJD + 0.2])["ra"].to_pylist() == pytest.approx([124.8], rel=1e-12)
    assert target.named(db, "5945")["is_moving"]


#: Asteroid (5945) in twelve frames of Lowell Observatory's 42-inch, a polynomial through places measured by hand.
LOWELL_5945 = """\
20190326.0126.fits  124.7580410 25.3482761 2458568.604180
20190326.0132.fits  124.7603018 25.3477754 2458568.625641
20190326.0138.fits  124.7625633 25.3472653 2458568.647102
20190326.0144.fits  124.7648285 25.3467449 2458568.668560
20190326.0150.fits  124.7671013 25.3462136 2458568.690020
20190326.0156.fits  124.7693849 25.3456712 2458568.711481
20190326.0162.fits  124.7716828 25.3451175 2458568.732946
20190326.0168.fits  124.7739974 25.3445533 2458568.754407
20190326.0174.fits  124.7763325 25.3439789 2458568.775870
20190326.0180.fits  124.7786993 25.3433932 2458568.797411
20190326.0186.fits  124.7810843 25.3428017 2458568.818877
20190326.0192.fits  124.7834983 25.3422040 2458568.840341
"""


def test_the_positions_of_5945_give_places_and_motion_in_each_of_lowells_frames(db, tmp_path):
    lines = [line.split() for line in LOWELL_5945.splitlines()]
    mjd = np.array([float(line[3]) - 2400000.5 for line in lines])
    frames(db, *({"path": f"/n/{words[0]}.fz", "mjd_mid": m} for words, m in zip(lines, mjd, strict=True)))
    (kept,) = positions(db, tmp_path, LOWELL_5945, "5945 Roachapproach")
    assert (kept.n_position, kept.n_frame, kept.notes) == (12, 12, ())
    found = places_in_frames(db, np.arange(1, 13), mjd)
    assert found["ra"].to_pylist() == [float(words[1]) for words in lines]
    assert all(found["is_measured"].to_pylist())
    assert found["ra_rate"].to_numpy().mean() == pytest.approx(14.6, abs=0.1)
    assert found["dec_rate"].to_numpy().mean() == pytest.approx(-3.9, abs=0.1)


def test_new_positions_replace_those_of_their_frames_and_keep_the_others(db, tmp_path):
    frames(db, *({"path": f"/n/f{i}.fits", "mjd_mid": MJD + i} for i in (1, 2)))
    positions(db, tmp_path, f"f1.fits 10 1 {2400001.5 + MJD}\nf2.fits 11 1 {2400002.5 + MJD}\n")
    positions(db, tmp_path, f"f2 12 1 {2400002.5 + MJD}\nf2 13 1 {2400042.5 + MJD}\n")  # f2 of another month
    rows = db.rows("SELECT frame_name, ra FROM target_position ORDER BY mjd").rows
    assert rows == [("f1.fits", 10.0), ("f2", 12.0), ("f2", 13.0)]


def test_a_file_of_several_targets_adds_them_all_or_the_one_that_is_named(db, tmp_path):
    frames(db, {"path": "/n/a.fits", "mjd_mid": MJD})
    text = f"a.fits 10 1 {2400000.5 + MJD} 2001_SF\na.fits 11 1 {2400000.5 + MJD} 5945\n"
    assert [k.name for k in positions(db, tmp_path, text, None)] == ["2001_SF", "5945"]
    db.execute("DELETE FROM target")
    assert [(k.name, k.n_position) for k in positions(db, tmp_path, text, "2001 sf")] == [("2001 sf", 1)]
    with pytest.raises(NotFoundError, match="of 2 targets, none of them 'Ceres': 2001_SF, 5945"):
        positions(db, tmp_path, text, "Ceres")
    with pytest.raises(UsageError, match="names no target"):
        positions(db, tmp_path, f"a.fits 10 1 {MJD}\n", None)


def test_a_file_whose_frames_are_all_unknown_is_an_error_and_leaves_nothing(db, tmp_path):
    frames(db, {"path": "/n/a.fits", "mjd_mid": MJD})
    with pytest.raises(NotFoundError, match=r"none of its 4 frames is in the store \(x1, x2, x3, ...\)") as caught:
        positions(db, tmp_path, "".join(f"x{i} 10 1 {MJD}\n" for i in (1, 2, 3, 4)))
    assert caught.value.exit_code == 3
    with pytest.raises(NotFoundError, match="none within half a day"):
        positions(db, tmp_path, f"a.fits 10 1 {MJD + 1}\n")
    assert db.one("SELECT count(*) FROM target") == 0
    assert db.one("SELECT count(*) FROM target_position") == 0


def test_times_that_are_not_the_frames_are_said(db, tmp_path):
    frames(db, {"path": "/n/a.fits", "mjd_mid": MJD}, {"path": "/n/b.fits", "mjd_mid": MJD})
    (kept,) = positions(db, tmp_path, f"a 10 1 {MJD - 150 / 86400}\nb 10 1 {MJD}\n")
    assert kept.notes[0].startswith("the times of 1 frame are up to 150 s from their mid-exposures (a)")
    (kept,) = positions(db, tmp_path, "a 10 1 nan\nb 10 1 0\n", "other")
    assert (kept.n_frame, kept.notes) == (2, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no positions"),
        ("# only this\n", "holds no positions"),
        ("a.fits 10 1\n", "line 1: 3 words"),
        ("\na.fits nan 1 58568\n", "line 2: right ascension 'nan'"),
        ("a.fits 10 91 58568\n", "line 1: declination '91'"),
        ("a.fits 10 1 yesterday\n", "line 1: .*yesterday"),
        ("a.fits 10 1 123456\n", "line 1: 123456 is not a Julian day"),
        ("a.fits 10 1 58568\nb.fits 10 1 58568\na.fits 11 1 58568\n", "line 3: a.fits is there twice, first in line 1"),
    ],
)
def test_what_is_no_position_is_refused_with_its_line(tmp_path, text, words):
    file = tmp_path / "p.dat"
    file.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_positions(file)
    assert "p.dat" in caught.value.what


# Lists


def test_a_list_says_names_places_motions_ellipses_and_offsets(db, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text(
        "# mine\nName;RA;Dec;pmRA;pmDec;epoch;a;b;pa;offset_ra;offset_dec\n"
        "AG Peg;21:51:01.97;+12:37:32.1;;;;;;;;\nfast;269.45;4.69;-798.6;10328;2016;;;;;\n"
        "NGC 7;10;-20;;;;12;5;-10;1;-2\n"
    )
    assert add_list(db, read_list(file), file=file) == 3
    rows = db.rows("SELECT name, pm_dec, epoch, a_arcsec, pa_deg, offset_dec, methods FROM target ORDER BY 1").rows
    assert rows == [
        ("AG Peg", None, 2000.0, None, None, None, None),
        ("NGC 7", None, 2000.0, 12.0, 170.0, -2.0, ["primary", "ellipse"]),
        ("fast", 10328.0, 2016.0, None, None, None, None),
    ]
    moved = fixed_places(db, [2], [1], [51544.5 + 26 * 365.25]).to_pylist()[0]
    assert (moved["dec"] - 4.69) * 3.6e6 == pytest.approx(103280, rel=1e-4)


def test_a_list_of_pp_is_read_too(tmp_path):
    file = tmp_path / "fixed.txt"
    file.write_text("# name ra dec\nAG_Peg 327.758 12.626\nV838 Mon 07:04:04.8 -03:50:50\n")
    assert [(t.name, t.ra) for t in read_list(file)] == [("AG Peg", 327.758), ("V838 Mon", pytest.approx(106.02))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no targets"),
        ("name,ra,dec\n", "holds no targets"),
        ("name,ra\nx,1\n", "dec missing"),
        ("name,ra,dec\nx,1,2\ny,nan,2\n", "line 3: right ascension 'nan'"),
        ("name,ra,dec\n,1,2\n", "line 2: no name"),
        ("name,ra,dec,pm_ra\nx,1,2,3\n", "line 2: pm_ra without pm_dec"),
        ("name,ra,dec,a,b,pa\nx,1,2,3,,5\n", "line 2: a without b"),
        ("name,ra,dec,epoch\nx,1,2,20000\n", "line 2: epoch 20000"),
        ("name,ra,dec,epoch\nx,1,2,new\n", "line 2: epoch 'new'"),
        ("name,ra,dec,a,b,pa\nx,1,2,5,3,0\ny,1,2,3,5,0\n", "line 3: an ellipse of 3 by 5"),
        ("name,ra,dec\nx,1,2\nX,1,2\n", "line 3: X is there twice, first in line 2"),
        ("name,ra,dec\nx,1,2\n12,1,2\n", "line 3: '12' cannot be"),
        ("x 1\n", "line 1: 'x 1' is not a name"),
    ],
)
def test_a_list_with_a_fault_names_its_line_and_adds_nothing(db, tmp_path, text, words):
    file = tmp_path / "l.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        add_list(db, read_list(file), file=file)
    assert db.one("SELECT count(*) FROM target") == 0


# Paths


def test_rates_are_a_straight_path_over_the_span_that_was_asked_for():
    path = linear_path(124.7, 25.3, 14.6, -3.9, at=MJD, days=0.5)
    assert (path.mjd[0], path.mjd[-1]) == pytest.approx((MJD - 0.25, MJD + 0.25))
    at = path.at([MJD, MJD + 0.1])
    assert (at.ra[0], at.dec[0]) == pytest.approx((124.7, 25.3), abs=1e-9)
    assert float(separation_arcsec(124.7, 25.3, at.ra[1], at.dec[1])) == pytest.approx(2.4 * np.hypot(14.6, 3.9))
    assert (at.ra_rate[0], at.dec_rate[0]) == pytest.approx((14.6, -3.9), abs=1e-4)
    assert linear_path(1, 2, 14.6, -3.9, at=58568.104, days=1).source == "rates 14.6 -3.9 arcsec/h at MJD 58568.104"
    for wrong in ({"at": 2458568.0, "days": 1}, {"at": MJD, "days": 0}, {"at": MJD, "days": float("nan")}):
        with pytest.raises(UsageError):
            linear_path(1, 2, 3, 4, **wrong)
    with pytest.raises(UsageError, match="rates"):
        linear_path(1, 2, float("nan"), 4, at=MJD, days=1)


def test_the_number_of_a_target_is_never_given_again(db):
    first = target.add(db, "a", 1, 2)
    target.remove(db, "A")
    assert target.add(db, "b", 1, 2) == first + 1


def test_what_moves_may_be_called_by_its_number_and_what_stands_still_not(db):
    path = linear_path(10, 2, 3, 4, at=MJD, days=1)
    assert target.named(db, "5945") is None
    target.add_moving(db, "5945", path, extras=target.Extras(offset=(3.0, 4.0)))
    with pytest.raises(UsageError):
        target.add(db, "5946", 1, 2)
    target.add_moving(db, "5945", path)
    assert db.rows("SELECT name, offset_ra, offset_dec FROM target").rows == [("5945", 3.0, 4.0)]
    db.execute("UPDATE target SET methods = ['primary', 'psf']")
    target.add_moving(db, "5945", path, extras=target.Extras(ellipse=(5.0, 3.0, 190.0)))
    rows = db.rows("SELECT offset_ra, pa_deg, list_sort(methods) FROM target").rows
    assert rows == [(3.0, 10.0, ["ellipse", "primary", "psf"])]
    target.add_moving(db, "5945", path, extras=target.Extras(offset=(0.0, 0.0)))
    assert not db.query("target_offsets").rows


@pytest.mark.parametrize(("name", "asked"), [("2001 SF", "2001_SF"), ("2001_SF", "2001sf"), ("AG Peg", "ag_peg")])
def test_a_target_is_found_whatever_its_case_blanks_and_underscores(db, name, asked):
    target.add(db, name, 1, 2)
    assert target.named(db, asked)["name"] == name


@pytest.mark.parametrize(("ra", "dec"), [(float("nan"), 1), (1, float("inf")), (1, 90.1)])
def test_no_target_is_put_nowhere(db, ra, dec):
    with pytest.raises(InputError, match="is no place"):
        target.add(db, "x", ra, dec)


# Paths from Horizons


def test_every_night_and_site_is_asked_for_once_and_never_again(tmp_path, horizons, monkeypatch):
    here = {**LOWELL, "site_height": 2206.0}
    there = {"site": None, "site_latitude": -30.0, "site_longitude": 20.0}
    given = [{**here, "mjd_mid": MJD + k} for k in (0, 0.2, 20.0, 20.1)] + [{**there, "mjd_mid": MJD + 0.1}]
    store = store_with(tmp_path / "s.duckdb", *given)
    done = follow(store, "5945", "5945", server=horizons.address)
    assert (done.n_asked, done.n_kept, done.notes) == (3, 0, ())
    assert len(horizons.questions) == 3
    with Database.open(store) as db:
        mjd = np.array([f["mjd_mid"] for f in given])
        found = places_in_frames(db, np.arange(1, 6), mjd)
        east = np.array([-111.5355] * 4 + [20.0])
        ra, dec = (np.array(v) for v in zip(*(place(m, e) for m, e in zip(mjd, east, strict=True)), strict=True))
        assert found["frame_id"].to_pylist() == [1, 2, 3, 4, 5]
        assert separation_arcsec(found["ra"].to_numpy(), found["dec"].to_numpy(), ra, dec).max() < 0.05
        assert found["delta_au"].to_numpy() == pytest.approx(1.2)
        said = db.rows("SELECT DISTINCT site, source FROM ephemeris ORDER BY ALL").rows
        assert [s for s, _ in said] == ["+20.000 -30.000", "Lowell Observatory, Anderson Mesa"]
        assert all(source.endswith(", step 60 min") and site in source for site, source in said)
        assert db.query("targets").dicts()[0]["designation"] == "5945"
        # Between the runs of nights nothing is known, nor from another site.
        assert places_in_frames(db, [1], [MJD + 10]).num_rows == 0
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    assert follow(store, "5945", "5945", server=horizons.address).n_kept == 3
    store_with(store, {**here, "mjd_mid": MJD + 40})
    with pytest.raises(UsageError, match="forbidden"):
        follow(store, "5945", "5945", server=horizons.address)
    monkeypatch.delenv("PHOTDB_OFFLINE")
    done = follow(store, "5945", "5945", server=horizons.address)
    assert (done.n_asked, done.n_kept) == (1, 3)
    assert len(horizons.questions) == 4


def test_nothing_is_kept_of_an_answer_that_is_none(tmp_path, horizons):
    store = store_with(tmp_path / "s.duckdb", {**LOWELL, "mjd_mid": MJD}, {**LOWELL, "mjd_mid": MJD + 9})
    for trouble in ((200, UNKNOWN), (200, ""), (503, "busy"), (200, "$$SOE\n$$EOE\n")):
        horizons.trouble = lambda n, said=trouble: said
        with pytest.raises(PhotdbError):
            follow(store, "5945", "5945", server=horizons.address, pause=lambda n: None)
        with Database.open(store) as db:
            assert db.one("SELECT count(*) FROM target") + db.one("SELECT count(*) FROM ephemeris") == 0
    # What came before a failure is kept, and not asked for again.
    n_before = len(horizons.questions)
    horizons.trouble = lambda n: None if n == n_before else (400, "no more")
    with pytest.raises(PhotdbError, match="of 1 of 2 times came before and is kept"):
        follow(store, "5945", "5945", server=horizons.address)
    horizons.trouble = lambda n: None
    done = follow(store, "5945", "5945", server=horizons.address)
    assert (done.n_asked, done.n_kept) == (1, 1)


def test_frames_without_a_site_are_said_and_not_taken_for_the_centre_of_the_earth(tmp_path, horizons):
    store = store_with(tmp_path / "s.duckdb", {"mjd_mid": MJD})
    with pytest.raises(NotFoundError, match="1 frame has no site"):
        follow(store, "5945", "5945", server=horizons.address)
    store_with(store, {**LOWELL, "mjd_mid": MJD})
    assert "1 frame has no site" in follow(store, "5945", "5945", server=horizons.address).notes[0]
    with Database.open(store) as db:
        assert places_in_frames(db, [1, 2], [MJD, MJD])["frame_id"].to_pylist() == [2]
    with pytest.raises(NotFoundError, match="no frames with a date"):
        follow(store_with(tmp_path / "empty.duckdb"), "5945", "5945", server=horizons.address)


def test_the_code_of_an_observatory_serves_where_no_place_is_known(tmp_path, horizons):
    said = {"site": "Anderson Mesa", "telescope": "lowell42_nasa42", "mjd_mid": MJD}
    follow(store_with(tmp_path / "s.duckdb", said), "5945", "5945", server=horizons.address)
    assert horizons.questions[0]["CENTER"] == "688"


def test_a_target_that_stands_still_does_not_begin_to_move(tmp_path, horizons):
    store = store_with(tmp_path / "s.duckdb", {**LOWELL, "mjd_mid": MJD})
    with Database.open(store, read_only=False) as db:
        target.add(db, "Ceres", 1, 2)
    with pytest.raises(InputError, match="does not move"):
        follow(store, "ceres", "1", server=horizons.address)
    assert not horizons.questions


def test_new_frames_that_a_path_does_not_cover_are_said_with_what_mends_it(tmp_path, horizons):
    store = store_with(tmp_path / "s.duckdb", {**LOWELL, "mjd_mid": MJD, "run_id": 1})
    follow(store, "my asteroid", "5945", server=horizons.address)
    with Database.open(store) as db:
        assert words(*uncovered_in_run(db, 1)) is None
    store_with(store, *({**LOWELL, "mjd_mid": MJD + day, "run_id": 2} for day in (0.01, 9, 10)))
    with Database.open(store) as db:
        said = words(*uncovered_in_run(db, 2))
        assert uncovered_in_run(db, 3) == ([], 0)
    assert said.startswith("nothing says where my asteroid is in 2 of the 3 new frames")
    assert '`photdb target add "my asteroid" --horizons "5945"` asks JPL Horizons' in said
    follow(store, "my asteroid", "5945", server=horizons.address)
    with Database.open(store, read_only=False) as db:
        assert words(*uncovered_in_run(db, 2)) is None
        target.add_moving(db, "of a file", linear_path(10, 20, 1, 1, at=MJD, days=1))
        assert words(*uncovered_in_run(db, 2)) is None  # nobody can be asked for more of it
    with Database.open(store_with(tmp_path / "none.duckdb", {"mjd_mid": MJD, "run_id": 2})) as db:
        assert uncovered_in_run(db, 2) == ([], 1)


# Headers


def header(path, **cards):
    from astropy.io import fits

    fits.PrimaryHDU(np.zeros((2, 2)), fits.Header(list(cards.items()))).writeto(path)
    return str(path)


def test_headers_name_targets_where_they_say_where_these_are_or_horizons_does(tmp_path, horizons):
    star = {"OBJCTRA": "02 04 10.3", "OBJCTDEC": "+46 41 16"}
    given = [
        {"object_name": "HAT-P-32", "path": header(tmp_path / "a.fits", **star)},
        {"object_name": "HAT-P-32", "path": header(tmp_path / "b.fits", **star)},
        {"object_name": "5945", "path": header(tmp_path / "c.fits", OBJRA=10.0, OBJDEC=20.0)},
        {"object_name": "1984_SQ3", "path": "/gone.fits"},
        {"object_name": "M 67", "path": header(tmp_path / "d.fits", RA=1.0, DEC=2.0)},
        {"object_name": "wanders", "path": header(tmp_path / "e.fits", OBJRA="02:00:00", OBJDEC="10:00:00")},
        {"object_name": "wanders", "path": header(tmp_path / "f.fits", OBJRA="02:00:02", OBJDEC="10:00:00")},
        {"object_name": "flat", "path": "/gone.fits"},
    ]
    frames_ = [{**LOWELL, "mjd_mid": MJD + k / 100, **said} for k, said in enumerate(given)]
    store = store_with(tmp_path / "s.duckdb", *frames_)
    found = from_headers(store, server=horizons.address)
    assert [line.split(" (")[0] for line in found.added] == ["HAT-P-32", "5945", "1984 SQ3"]
    assert "31.042917 +46.687778, from OBJCTRA, OBJCTDEC" in found.added[0]
    assert found.without[0].startswith("M 67 (1 frame): no position is known")
    assert "wanders (2 frames): OBJRA, OBJDEC of its first and its last frame are 30 arcsec apart" in found.without[1]
    with Database.open(store) as db:
        kinds = dict(db.rows("SELECT name, kind FROM target JOIN target_kind USING (target_id)").rows)
    assert kinds == {"HAT-P-32": "fixed", "5945": "moving", "1984 SQ3": "moving"}
    again = from_headers(store, server=horizons.address)
    assert (again.added, again.known) == ([], ["HAT-P-32", "5945", "1984 SQ3"])
    assert len(horizons.questions) == 2


def test_a_body_that_is_a_target_by_another_name_is_not_added_again(tmp_path, horizons):
    store = store_with(tmp_path / "s.duckdb", {**LOWELL, "mjd_mid": MJD, "object_name": "5945 Roachapproach"})
    follow(store, "my asteroid", "(5945)", server=horizons.address)
    found = from_headers(store, server=horizons.address)
    assert (found.added, found.known) == ([], ["my asteroid"])
    assert len(horizons.questions) == 1


def test_without_a_network_headers_still_give_what_they_say_themselves(tmp_path):
    given = [
        {"object_name": "5945", "path": "/gone.fits", "mjd_mid": MJD, **LOWELL},
        {"object_name": "2001 SF_", "path": "/gone.fits", "mjd_mid": MJD, **LOWELL},
        {"object_name": "X", "path": header(tmp_path / "a.fits", OBJRA="02:00:00", OBJDEC="1"), "mjd_mid": MJD},
    ]
    found = from_headers(store_with(tmp_path / "s.duckdb", *given))
    assert [line.split(" (")[0] for line in found.added] == ["X"]
    assert "forbidden by $PHOTDB_OFFLINE" in found.without[0]
    assert "not asked for after that failed" in found.without[1]
    with pytest.raises(NotFoundError, match="no frame names an object"):
        from_headers(store_with(tmp_path / "none.duckdb", {"mjd_mid": MJD}))


def test_a_bare_number_is_a_body_only_where_it_was_in_a_frame_that_names_it(tmp_path, horizons):
    ra, dec = (float(v) for v in place(MJD))
    around = {
        "corner_ra": [ra - 1, ra + 1, ra + 1, ra - 1], "corner_dec": [dec - 1, dec - 1, dec + 1, dec + 1],
    }  # fmt: skip
    elsewhere = {**around, "corner_dec": [dec - 31, dec - 31, dec - 29, dec - 29]}
    names = {
        "5945": around, "12": elsewhere, "433 Eros": elsewhere, "2012 DA14": elsewhere, "(7) Iris": elsewhere,
        "2026 dark": around, "flat": around, "bias 3": around, "flat 12": around, "test 1": around, "7 field": around,
        "field 22": around, "M 31": around, "NGC 2026": around, "30 s": around,
    }  # fmt: skip
    given = [
        {"object_name": name, "path": "/gone.fits", "mjd_mid": MJD + k / 1000, **LOWELL, **outline}
        for k, (name, outline) in enumerate(names.items())
    ]
    store = store_with(tmp_path / "s.duckdb", *given)
    horizons.known |= {"12;", "433;", "7;", "DES=2012 DA14;"}
    found = from_headers(store, server=horizons.address)
    assert [line.split(" (1 ")[0] for line in found.added] == ["5945", "2012 DA14", "(7) Iris"]
    assert [line.split(" (1 ")[0] for line in found.without] == ["12", "433 Eros", "field 22", "M 31", "NGC 2026"]
    assert "a bare number, and" in found.without[0]
    assert "was in none of these frames: left out; photdb target add '12' --horizons 12" in found.without[0]
    assert found.no_object == ["2026 dark", "flat", "bias 3", "flat 12", "test 1", "7 field", "30 s"]
    assert len(horizons.questions) == 5
    with Database.open(store) as db:
        assert db.one("SELECT list(name ORDER BY name) FROM target") == ["(7) Iris", "2012 DA14", "5945"]
