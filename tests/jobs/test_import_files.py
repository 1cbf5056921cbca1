"""Tables of other programs come in as they are: magnitudes to the digit, times to 2 ms, nothing calibrated up."""

import gzip
import math
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import POSITIONS, STAR

import photdb
from photdb import query
from photdb.errors import InputError, UsageError
from photdb.jobs import zeropoint
from photdb.jobs.import_files import import_files
from photdb.jobs.import_mapping import TimeRule, mappings, named, parse_columns, user_mapping
from photdb.jobs.import_rows import Given
from photdb.output import formats
from photdb.resources import shipped
from photdb.store.database import Database

RA, DEC = 163.26037, -49.90632
HERE = {"position": (RA, DEC)}


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "in.duckdb"


def curve(store: Path, columns: str = "*", where: str = "true") -> list[dict]:
    """The light curve in a store, by time."""
    with Database.open(store) as db:
        return db.rows(f"SELECT {columns} FROM lightcurve WHERE {where} ORDER BY mjd_mid, band").dicts()


def frames(store: Path) -> list[dict]:
    with Database.open(store) as db:
        return db.rows("SELECT * FROM frame ORDER BY frame_id").dicts()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# Mappings


def test_every_file_of_the_folder_is_a_mapping_with_what_was_checked():
    import tomllib

    files = [f for f in (shipped("ingest") / "imports").iterdir() if f.name.endswith(".toml")]
    assert {f.name.removesuffix(".toml") for f in files} == set(mappings())
    for file in files:
        assert tomllib.loads(file.read_text())["checked"]
    assert list(mappings())[-2:] == ["generic_lightcurve", "generic_sources"]  # whoever is sure goes first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'stars'", "kind 'stars'"),
        ("[columns]\nmagnitude = 'mag'", "no field 'magnitude'"),
        ("[time]\nscale = 'gps'", "scale of time 'gps'"),
        ("[units]\nflux = 'erg'", "unit of flux 'erg'"),
        ("[colums]\nmag = 'mag'", "no section 'colums'"),
        ("[name]\npattern = '('", "[name]"),
        ("mag =", "not a TOML file"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tmp_path, text, said):
    with pytest.raises(InputError) as error:
        user_mapping(write(tmp_path / "m.toml", text))
    assert said in error.value.what
    assert error.value.hint


def test_columns_are_named_by_hand():
    assert parse_columns(["time=hjd,mag = Vmag", "mag_err=eV"]) == {"time": "hjd", "mag": "Vmag", "mag_err": "eV"}
    with pytest.raises(UsageError, match="--columns 'mag'"):
        parse_columns(["mag"])
    with pytest.raises(UsageError, match="no such field"):
        named("generic_lightcurve").changed({"colour": "bv"})


# Light curves


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(st.floats(-5, 30), st.floats(1e-5, 2.0), st.sampled_from(["AB", "Vega", "relative", "instrumental"])),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_a_magnitude_comes_out_as_it_went_in(tmp_path_factory, points):
    folder = tmp_path_factory.mktemp("mags")
    lines = [f"{58000 + i},{mag!r},{err!r},{system}" for i, (mag, err, system) in enumerate(points)]
    path = write(folder / "c.csv", "mjd,mag,magerr,system\n" + "\n".join(lines) + "\n")
    import_files([path], store=folder / "s.duckdb", given=Given(columns={"mag_system": "system"}, filter="V", **HERE))
    found = curve(folder / "s.duckdb")
    assert len(found) == len(points)
    for point, (mag, err, system) in zip(found, points, strict=True):
        assert point["mag"] == pytest.approx(mag, abs=1e-6)
        assert point["mag_err"] == pytest.approx(err, rel=1e-6)
        assert point["mag_system"] == system
        assert (point["flux_mjy"] is not None) == (system == "AB")
        if system == "AB":
            assert point["flux_mjy"] == pytest.approx(3631e3 * 10 ** (-0.4 * mag), rel=1e-6)


def test_what_nothing_calibrates_does_not_look_calibrated(tmp_path, store):
    path = write(tmp_path / "c.csv", "mjd,mag\n58000,14.2\n58001,14.3\n")
    done = import_files([path], store=store, given=Given(filter="V", **HERE))
    assert done.systems == {"relative": 2}
    (point, _) = curve(store)
    assert (point["mag_system"], point["flux_mjy"], point["mag_err"]) == ("relative", None, None)
    assert "nothing says what system" in " ".join(frames(store)[0]["warnings"])


def test_fluxes_of_a_light_curve_stay_fluxes_and_negative_ones_too(tmp_path, store):
    path = write(tmp_path / "f.csv", "mjd,flux,flux_err\n58000,10.5,1\n58001,-3.25,1\n")
    import_files([path], store=store, given=Given(filter="r", **HERE))
    assert [p["flux"] for p in curve(store)] == [10.5, -3.25]
    assert [p["mag"] for p in curve(store)] == [pytest.approx(-2.5 * math.log10(10.5)), None]
    assert {p["mag_system"] for p in curve(store)} == {"instrumental"}


def test_flux_densities_are_ab_whatever_their_unit(tmp_path, store):
    path = write(tmp_path / "atlas.csv", "MJD,uJy,duJy,F\n58000,3631,36.31,o\n58001,-5,10,o\n")
    import_files([path], store=store, given=Given(filter="o", **HERE))
    first, second = curve(store)
    assert (first["mag"], first["mag_system"]) == (pytest.approx(15.0, abs=1e-6), "AB")
    assert first["mag_err"] == pytest.approx(1.0857362 * 0.01, rel=1e-6)
    assert (second["mag"], second["flux_mjy"]) == (None, pytest.approx(-0.005, rel=1e-6))


def test_times_on_the_sun_and_the_barycentre_come_back_to_the_observatory(tmp_path):
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    geocentre, place = EarthLocation.from_geocentric(0, 0, 0, unit="m"), SkyCoord(RA, DEC, unit="deg")
    truth = Time(58000.123456 + 40 * np.arange(10), format="mjd", scale="utc")
    bjd = (truth.tdb + truth.light_travel_time(place, "barycentric", location=geocentre)).jd
    hjd = truth.jd + truth.light_travel_time(place, "heliocentric", location=geocentre).jd
    tai = truth.tai.mjd
    cases = [("bjd_tdb", bjd, TimeRule()), ("hjd", hjd, TimeRule()), ("mjd", tai, TimeRule(scale="tai")),
             ("when", bjd, TimeRule("jd", "tdb", "barycentre"))]  # fmt: skip
    for k, (name, times, rule) in enumerate(cases):
        path = write(tmp_path / f"{name}{k}.csv", f"{name},mag\n" + "\n".join(f"{t:.9f},15.0" for t in times) + "\n")
        store = tmp_path / f"{k}.duckdb"
        columns = {"time": name} if name == "when" else {}
        import_files([path], store=store, given=Given(filter="V", time=rule, columns=columns, **HERE))
        found = curve(store)
        late = (np.array([p["mjd_mid"] for p in found]) - truth.mjd) * 86400
        assert np.abs(late).max() < 2e-3 if name != "hjd" else 0.1, (name, late)
        if name == "bjd_tdb":
            assert np.abs(np.array([p["bjd_tdb"] for p in found]) - bjd).max() * 86400 < 2e-3  # TDB is taken as TT


def test_start_of_exposure_becomes_its_middle(tmp_path, store):
    path = write(tmp_path / "c.csv", "date,mag,exptime\n2019-03-03T02:49:27.5,11,120\n2019-03-04 02:49:27.5,11,60\n")
    import_files([path], store=store, given=Given(filter="V", time=TimeRule(refers_to="start"), **HERE))
    from astropy.time import Time

    start = Time(["2019-03-03T02:49:27.5", "2019-03-04T02:49:27.5"], scale="utc").mjd
    assert [p["mjd_mid"] for p in curve(store)] == pytest.approx(
        [start[0] + 60 / 86400, start[1] + 30 / 86400], abs=1e-9
    )
    assert [f["exptime_s"] for f in frames(store)] == [120, 60]


def test_a_guess_is_recorded_and_what_is_said_is_not_one(tmp_path, store):
    path = write(tmp_path / "a.csv", "time,mag\n58000,14.2\n")
    import_files([path], store=store, given=Given(**HERE))
    guesses = " | ".join(frames(store)[0]["guesses"])
    assert "taken as MJD, by its size" in guesses
    assert "no scale is said, UTC is taken" in guesses
    assert "nothing names the filter" in guesses
    other = tmp_path / "o.duckdb"
    import_files(
        [path],
        store=other,
        given=Given(filter="V", mag_system="Vega", time=TimeRule("mjd", "utc", None, "mid"), **HERE),
    )
    assert not [g for g in frames(other)[0]["guesses"] if "time" in g or "band" in g]
    with pytest.raises(InputError, match="none of 1 file could be used"):
        import_files([write(tmp_path / "b.csv", "time,mag\n12.5,14\n")], store=store, given=Given(**HERE))
    assert "neither MJD nor JD" in frames(store)[-1]["reason"]


def test_bands_are_ours_whatever_word_the_file_has(tmp_path, store):
    path = write(tmp_path / "c.csv", "mjd,mag,filter\n58000,14,SDSS g'\n58001,14,Rc\n58002,14,V\n58003,14,strange\n")
    import_files([path], store=store, given=Given(mag_system="AB", **HERE))
    assert [p["band"] for p in curve(store)] == ["g", "R", "V", "strange"]
    assert any("'strange' is no filter that is known" in g for g in frames(store)[0]["guesses"])


def test_bad_rows_are_counted_by_reason_and_the_others_come_in(tmp_path, store):
    rows = ["58000,163.26,-49.9,14.0", "58001,nan,-49.9,14.0", "58002,163.26,-149,14.0", "58003,163.26,-49.9,99.99",
            ",163.26,-49.9,14.0", "58005,-196.74,-49.9,14.0", "58005,163.26,-49.9,14.1"]  # fmt: skip
    path = write(tmp_path / "c.csv", "mjd,ra,dec,mag\n" + "\n".join(rows) + "\n" + rows[0] + "\n")
    done = import_files([path], store=store, given=Given(filter="V", mag_system="Vega"))
    assert done.left_out == {
        "without a possible position": 3, "without flux or magnitude": 1, "without a time": 1, "twice in the file": 1
    }  # fmt: skip
    assert [p["mag"] for p in curve(store)] == pytest.approx([14.0, 14.1], abs=1e-6)


def test_two_measurements_at_one_time_are_two_frames(tmp_path, store):
    path = write(tmp_path / "c.csv", "mjd,mag\n58000,14.0\n58000,14.5\n")
    import_files([path], store=store, given=Given(filter="V", mag_system="Vega", **HERE))
    assert sorted(p["mag"] for p in curve(store)) == pytest.approx([14.0, 14.5], abs=1e-6)
    with Database.open(store) as db:
        assert db.audit() == {}


def test_separators_comments_and_sexagesimal_places_are_understood(tmp_path):
    cases = {
        "a.txt": "# mjd mag magerr\n58000.5   14.25  0.01\n58001.5  14.5 0.02\n",
        "b.tsv": "mjd\tmag\tmagerr\n58000.5\t14.25\t0.01\n58001.5\t14.5\t0.02\n",
        "c.dat": "mjd;mag;magerr\n58000.5;14.25;0.01\n58001.5;14.5;0.02\n",
        "d.csv": "\ufeffmjd,mag,magerr,ra,dec\r\n58000.5,14.25,0.01,10:53:02.5,-49:54:22.8\r\n"
        "58001.5,14.5,0.02,10:53:02.5,-49:54:22.8\r\n",
        "e.csv": 'mjd,mag,magerr,name\n58000.5,14.25,0.01,"AF Vel, variable"\n58001.5,14.5,0.02,"AF Vel, variable"\n',
    }
    for name, text in cases.items():
        path = write(tmp_path / name, text)
        place = {} if "ra,dec" in text else HERE
        store = tmp_path / f"{name}.duckdb"
        import_files([path], store=store, given=Given(filter="V", mag_system="Vega", **place))
        assert [p["mag"] for p in curve(store)] == pytest.approx([14.25, 14.5], abs=1e-6), name
        with Database.open(store) as db:
            ra, dec = db.rows("SELECT ra, dec FROM object").rows[0]
        assert (ra, dec) == pytest.approx((RA, DEC), abs=1e-3), name
    packed = tmp_path / "f.csv.gz"
    packed.write_bytes(gzip.compress(cases["b.tsv"].encode()))
    import_files([packed], store=tmp_path / "f.duckdb", given=Given(filter="V", mag_system="Vega", **HERE))
    assert len(curve(tmp_path / "f.duckdb")) == 2


def test_stars_are_found_by_name_in_a_table_and_can_be_asked_for(tmp_path, store):
    folder = tmp_path / "curves"
    folder.mkdir()
    for k in (4099, 13350):
        write(
            folder / f"{k}.csv",
            "time,mag,magerr,band\n" + "".join(f"{58000 + i},1{k % 7}.5,0.01,g\n" for i in range(5)),
        )
    stars = write(tmp_path / "stars.txt", "#id ra dec rest\n4099 0.935679 1.115859 x\n13350 0.283437 1.178522 y\n")
    done = import_files([folder], store=store, given=Given(mag_system="AB"), objects=stars, prefix="S82")
    assert (done.n_files, done.n_rows, done.n_new_objects, done.n_targets) == (2, 10, 2, 2)
    with Database.open(store) as db:
        found = query.resolve(db, ["S82 4099"])
        assert (found.ra, found.dec) == pytest.approx((0.935679, 1.115859), abs=1e-6)
        assert query.light_curve(db, found.object_id).count() == 5
    write(folder / "7.csv", "time,mag\n58000,14\n")
    again = import_files([folder], store=store, given=Given(mag_system="AB"), objects=stars, prefix="S82")
    assert (again.n_files, again.n_known, again.n_failed) == (0, 2, 1)
    assert "'7' is not in the table of positions" in [f["reason"] for f in frames(store)][-1]


# The way back


@pytest.mark.parametrize("name", ["parquet", "csv", "json", "votable", "fits"])
def test_exported_light_curves_come_back_the_same(small_store, tmp_path, store, name):
    suffix = formats.formats()[name]
    with Database.open(small_store) as db:
        formats.write_file(query.export(db, "lightcurve"), tmp_path / f"lc{suffix}", name)
        formats.write_file(query.export(db, "object"), tmp_path / f"obj{suffix}", name)
    done = import_files([tmp_path / f"lc{suffix}"], store=store, objects=tmp_path / f"obj{suffix}")
    assert (done.n_rows, done.n_new_objects, done.n_frames) == (48, 4, 12)
    same_curves(small_store, store)
    with Database.open(store) as db:
        assert {row[0] for row in db.rows("SELECT object_id FROM object").rows} == set(POSITIONS)
        assert db.audit() == {}


@pytest.mark.parametrize("name", ["parquet", "votable", "fits"])
def test_exported_detections_come_back_with_frames_and_zero_points(small_store, tmp_path, store, name):
    suffix = formats.formats()[name]
    with Database.open(small_store) as db:
        for what in ("detection", "frame", "zeropoint"):
            formats.write_file(query.export(db, what), tmp_path / f"{what}{suffix}", name)
    import_files(
        [tmp_path / f"detection{suffix}"], store=store, frames=tmp_path / f"frame{suffix}",
        zeropoints=tmp_path / f"zeropoint{suffix}",
    )  # fmt: skip
    same_curves(small_store, store, exact_times=True)
    with Database.open(small_store) as old, Database.open(store) as new:
        sql = (
            "SELECT object_id, x, y, flux_auto, aper_flux, flags FROM detection WHERE object_id = $o ORDER BY frame_id"
        )
        for object_id in POSITIONS:
            before, after = (db.rows(sql, {"o": object_id}).rows for db in (old, new))
            for a, b in zip(before, after, strict=True):
                assert a[:4] == pytest.approx(b[:4], rel=1e-6)
                assert (a[4][0], a[4][1], a[5]) == (
                    pytest.approx(b[4][0], rel=1e-6),
                    b[4][1] if len(b[4]) > 1 else None,
                    b[5],
                )
        kept = "SELECT mjd_mid, band, exptime_s, night, filter, airmass FROM frame WHERE state = 'ok' ORDER BY mjd_mid"
        assert [r[:3] for r in new.rows(kept).rows] == [r[:3] for r in old.rows(kept).rows]


def test_every_star_of_a_frame_keeps_its_bjd_and_stars_cut_by_the_edge_come_back(tmp_path, store):
    import polars as pl

    from photdb.ingest.frame_header import Site
    from photdb.sky import unit_vector
    from photdb.times import barycentric

    n, mjd = 130, 60997.05
    rng = np.random.default_rng(4)
    ra, dec = 41.5 + rng.uniform(-0.3, 0.3, n), -30.2 + rng.uniform(-0.3, 0.3, n)
    ids = [2532411546838615067 + 1000 * i for i in range(n)]
    jd, vector = barycentric(np.array([mjd]), Site(None, -30.2, -70.7, 2200.0))
    bjd = jd[0] + unit_vector(ra, dec) @ vector[0]
    cut = np.arange(n) >= n - 2  # 8: truncated; what is not in the frame is not measured, and the star is there
    rows = {"object_id": ids, "frame_id": [1] * n, "band": ["g"] * n, "mjd_mid": [mjd] * n, "bjd_tdb": bjd,
            "mag": np.where(cut, np.nan, 15.0), "mag_err": np.where(cut, np.nan, 0.01), "mag_system": ["AB"] * n,
            "flux": np.where(cut, np.nan, 10.0**2.8), "flux_err": np.where(cut, np.nan, 5.0), "zp": [22.0] * n,
            "limit_mag": [20.0] * n, "flags": np.where(cut, 8, 0), "kind": ["detected"] * n}  # fmt: skip
    limit = {**{k: [v[0]] for k, v in rows.items()}, "kind": ["limit"], "mag": [np.nan], "flux": [np.nan]}
    pl.concat([pl.DataFrame(rows), pl.DataFrame(limit)], how="vertical_relaxed").fill_nan(None).write_parquet(
        tmp_path / "lc.parquet"
    )
    pl.DataFrame({"object_id": ids, "ra": ra, "dec": dec}).write_parquet(tmp_path / "o.parquet")
    done = import_files([tmp_path / "lc.parquet"], store=store, objects=tmp_path / "o.parquet")
    assert (done.n_rows, done.left_out) == (n, {"only a limit": 1})
    found = {p["object_id"]: p for p in curve(store)}
    assert set(found) == set(ids)
    late = np.array([found[i]["bjd_tdb"] for i in ids]) - bjd
    assert np.abs(late).max() * 86400 < 1e-3  # 2 s when another star's line of sight is taken
    assert [found[i]["flags"] for i in ids[-2:]] == [8, 8]
    assert [found[i]["flux"] for i in ids[-2:]] == [None, None]


def same_curves(old: Path, new: Path, *, exact_times: bool = False) -> None:
    """The light curves of two stores agree: numbers to a millionth, systems and flags to the letter."""
    before, after = curve(old, where="true"), curve(new, where="true")
    key = {(p["object_id"], round(p["mjd_mid"], 7)): p for p in after}
    assert len(key) == len(before) == len(after)
    for a in before:
        b = key[a["object_id"], round(a["mjd_mid"], 7)]
        for name in ("band", "mag_system", "flags"):
            assert a[name] == b[name], name
        for name in (
            "mag",
            "mag_err",
            "flux",
            "flux_err",
            "flux_mjy",
            "zp",
            "zp_err",
            "limit_mag",
            "airmass",
            "bjd_tdb",
        ):
            if a[name] is None or (isinstance(a[name], float) and math.isnan(a[name])):
                assert b[name] is None, name
            else:
                # that store's observatory is minutes of light from the Earth: no shift along one line of sight mends it
                days = name == "bjd_tdb" and not exact_times
                assert b[name] == pytest.approx(a[name], rel=0 if days else 1e-6, abs=1e-5 if days else 1e-9), name


def test_aavso_files_come_back(small_store, tmp_path, store):
    with Database.open(small_store) as db:
        answer = query.export(db, "lightcurve", objects=[STAR], band="g", question="export_lightcurve")
        formats.write_file(answer, tmp_path / "r.txt", "aavso", {"obscode": "XYZ"})
        expected = [p["mag"] for p in answer.database.rows(answer.sql, answer.parameters).dicts()]
    import_files([tmp_path / "r.txt"], store=store, given=Given(mag_system="AB", position=POSITIONS[STAR]))
    found = curve(store)
    assert [p["mag"] for p in found] == pytest.approx(expected, abs=5.1e-4)
    assert {p["band"] for p in found} == {"g"}
    with Database.open(store) as db:
        assert query.resolve(db, ["HAT-P 99"]).object_id == found[0]["object_id"]


AAVSO_HEAD = "#TYPE=Extended\n#OBSCODE=X\n#SOFTWARE=s\n#DELIM=,\n#DATE=JD\n#OBSTYPE=CCD\n"
AAVSO_LINE = "SS CYG,{},{},{},V,NO,STD,na,na,na,na,1.2,na,na,na\n"


def test_aavso_limits_are_limits_and_not_measurements(tmp_path, store):
    lines = [("2458000.5", "12.5", "0.01"), ("2458001.5", "<15.0", "na"), ("2458002.5", "<14.2", "na")]
    path = write(tmp_path / "a.txt", AAVSO_HEAD + "".join(AAVSO_LINE.format(*line) for line in lines))
    done = import_files([path], store=store, given=Given(mag_system="Vega", **HERE))
    assert (done.n_rows, done.n_limits, done.left_out) == (1, 2, {})
    assert "2 upper limits" in done.line()
    assert [p["mag"] for p in curve(store)] == pytest.approx([12.5], abs=1e-6)
    assert "magnitudes written <15.0 are taken as limits of 5 sigma" in frames(store)[1]["guesses"]
    with photdb.connect(store) as db:
        found = db.light_curve(name="SS Cyg", limits=True)
        assert found["kind"].to_list() == ["detected", "limit", "limit"]
        assert found["limit_mag"].to_list()[1:] == [15.0, 14.2]
        assert found["mag_system"].to_list() == ["Vega"] * 3
        assert found["mag"].null_count() == found["flux"].null_count() == 2
        seen = db.coverage(name="SS Cyg")
        assert seen["status"].to_list() == ["detected", "not detected", "not detected"]
        assert seen["why"].to_list()[1:] == ["missed", "missed"]  # it was brighter than that
    with Database.open(store) as db:
        assert db.audit() == {}


@pytest.mark.parametrize("place", [(10.0, 90.0), (10.0, -89.9999), (0.0, 0.0), (359.9999, -5.0)])
def test_limits_of_a_star_are_kept_wherever_it_is(tmp_path, store, place):
    path = write(tmp_path / "a.txt", AAVSO_HEAD + AAVSO_LINE.format("2458001.5", "<15.0", "na"))
    import_files([path], store=store, given=Given(mag_system="Vega", position=place))
    with photdb.connect(store) as db:
        seen = db.coverage(name="SS Cyg")
        assert seen["limit_mag"].to_list() == [15.0]
        assert seen["margin_arcsec"].to_list() == pytest.approx([10.0], abs=1e-3)


def test_of_several_columns_of_times_the_one_that_is_filled_counts(tmp_path, store):
    head = "JD,Magnitude,Uncertainty,Band,HJD,Star Name\n"  # of AAVSO's download, whose HJD most observers leave blank
    lines = ["2459000.5,14.2,0.01,V,,AG Peg", "2459001.5,<15.2,,V, ,AG Peg", "2459002.5,14.3,0.01,V,2459002.503,AG Peg"]
    done = import_files([write(tmp_path / "d.csv", head + "\n".join(lines) + "\n")], store=store, given=Given(**HERE))
    assert (done.n_rows, done.n_limits, done.left_out) == (2, 1, {})
    with photdb.connect(store) as db:
        found = db.light_curve(name="AG Peg", limits=True)
    assert found["mjd_mid"].to_list() == pytest.approx([59000.0, 59001.0, 59002.0], abs=1e-9)


def test_a_star_that_was_never_seen_has_its_limits_by_its_name(tmp_path, store):
    lines = [("2458001.5", "<15.0", "na"), ("2458001.5", "<15.0", "na"), ("2458002.5", "<14.2", "na")]
    path = write(tmp_path / "a.txt", AAVSO_HEAD + "".join(AAVSO_LINE.format(*line) for line in lines))
    done = import_files([path], store=store, given=Given(mag_system="Vega", **HERE))
    assert (done.n_rows, done.n_limits, done.n_targets, done.left_out) == (0, 2, 1, {"twice in the file": 1})
    with photdb.connect(store) as db:
        assert db.coverage(name="SS Cyg")["limit_mag"].to_list() == [15.0, 14.2]
        assert db.light_curve(name="SS Cyg", limits=True)["limit_mag"].to_list() == [15.0, 14.2]
    with Database.open(store) as db:
        assert db.audit() == {}


# Source tables


def field_of(n: int, *, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sources of a frame of 1 arcsec a pixel: x, y (from 0), ra, dec, counts a second."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(10, 990, n), rng.uniform(10, 990, n)
    dec = DEC + (y - 500) / 3600
    ra = RA - (x - 500) / 3600 / np.cos(np.radians(dec))
    return x, y, ra, dec, 10 ** rng.uniform(2, 4, n)


def psx(folder: Path, k: int, factor: float, noise: float = 0.0) -> Path:
    """A .psx table of that field, seen through a cloud."""
    x, y, ra, dec, rate = field_of(60)
    counts = 30.0 * rate * factor * (1 + noise * np.random.default_rng(k).standard_normal(60))
    name = f"afvel_V_2458570d2495958530_2019d03d{k + 1:02d}T02d49d27d527_1a3102719_30d0_kb84_me.psx"
    rows = zip(ra, dec, x + 1, y + 1, counts, np.full(60, 30.0), np.full(60, 5e-6), np.full(60, 5e-6), strict=True)
    return write(folder / name, "".join(",".join(f"{v:.7f}" for v in row) + "\n" for row in rows))


def test_source_tables_are_frames_with_fluxes_a_second(tmp_path, store):
    paths = [psx(tmp_path, k, 1.0 + 1e-6 * k) for k in range(3)]
    done = import_files(paths, store=store)
    assert (done.n_files, done.n_frames, done.n_rows, done.n_new_objects) == (3, 3, 180, 60)
    first = frames(store)[0]
    assert (first["band"], first["exptime_s"], first["airmass"], first["origin"]) == ("V", 30.0, 1.3102719, "imported")
    assert (first["detector"], first["object_name"], first["state"]) == ("LCO kb84", "afvel", "ok")
    assert first["pixel_scale_arcsec"] == pytest.approx(1.0, rel=1e-3)
    from astropy.time import Time

    assert first["mjd_mid"] == pytest.approx(Time("2019-03-01T02:49:27.527").mjd + 15 / 86400, abs=1e-9)
    with Database.open(store) as db:
        assert db.audit() == {}
        rate = sorted(row[0] for row in db.rows("SELECT flux FROM detection WHERE frame_id = 1").rows)
        assert query.frames_at(db, RA, DEC)  # the frame is known to have seen the place
    assert rate == pytest.approx(sorted(field_of(60)[4]), rel=1e-4)


def test_source_tables_without_a_catalogue_are_calibrated_by_each_other(tmp_path, store):
    import_files([psx(tmp_path, k, f, 0.002) for k, f in enumerate((1.0, 0.5, 0.8, 0.9, 1.0))], store=store)
    with Database.open(store) as db:
        zero = [
            row[0] for row in db.rows("SELECT zp FROM zeropoint_active WHERE aperture_id = 0 ORDER BY frame_id").rows
        ]
        systems = {row[0] for row in db.rows("SELECT DISTINCT mag_system FROM zeropoint_active").rows}
    assert systems == {"relative"}
    assert np.array(zero) - zero[0] == pytest.approx(2.5 * np.log10([1.0, 0.5, 0.8, 0.9, 1.0]), abs=0.003)


def test_source_tables_are_calibrated_where_a_catalogue_allows(tmp_path, store):
    from photdb.jobs import refcat

    x, y, ra, dec, rate = field_of(60)
    lines = [
        f"{r:.7f},{d:.7f},2015.5,{21.5 - 2.5 * math.log10(f):.4f},0.01" for r, d, f in zip(ra, dec, rate, strict=True)
    ]
    stars = write(tmp_path / "stars.csv", "ra,dec,epoch,Vmag,e_Vmag\n" + "\n".join(lines) + "\n")
    refcat.add(stars, "apass9", store=store)
    folder = tmp_path / "psx"
    folder.mkdir()
    import_files([psx(folder, k, 1.0, 0.002) for k in range(3)], store=store)
    with Database.open(store) as db:
        found = db.rows("SELECT zp, mag_system, n_star FROM zeropoint_active WHERE aperture_id = 0").rows
    assert {system for _, system, _ in found} == {"Vega"}
    assert [zp for zp, _, _ in found] == pytest.approx([21.5] * 3, abs=0.005)
    assert len(x) == len(y)


def test_an_ldac_is_read_with_the_header_of_its_image(tmp_path, store):
    from astropy.io import fits

    x, y, ra, dec, rate = field_of(40)
    cards = fits.Header()
    for key, value in {"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": 1000, "NAXIS2": 1000, "DATE-OBS":
                       "2019-03-03T02:49:27.5", "EXPTIME": 60.0, "FILTER": "V", "OBJECT": "AF Vel", "AIRMASS": 1.2,
                       "GAIN": 1.5}.items():  # fmt: skip
        cards[key] = value
    text = np.array([[str(card).ljust(80) for card in cards.cards]])
    image = fits.BinTableHDU.from_columns(
        [fits.Column("Field Header Card", f"{80 * text.shape[1]}A", dim=f"(80, {text.shape[1]})", array=text)]
    )
    image.name = "LDAC_IMHEAD"
    flags = np.zeros(40, dtype=np.int16)
    flags[:2] = 16, 3
    columns = {"ALPHA_J2000": ("D", ra), "DELTA_J2000": ("D", dec), "X_IMAGE": ("E", x + 1), "Y_IMAGE": ("E", y + 1),
               "FLUX_AUTO": ("E", 60 * rate), "FLUXERR_AUTO": ("E", np.full(40, 60.0)), "FLAGS": ("I", flags),
               "FLUX_APER": ("2E", 60 * np.stack([rate, 2 * rate], axis=1)), "THETA_IMAGE": ("E", np.full(40, 90.0)),
               "FLUXERR_APER": ("2E", np.full((40, 2), 30.0)), "FWHM_IMAGE": ("E", np.full(40, 3.0))}  # fmt: skip
    objects = fits.BinTableHDU.from_columns([fits.Column(k, f, array=v) for k, (f, v) in columns.items()])
    objects.name = "LDAC_OBJECTS"
    path = tmp_path / "frame.cat"
    fits.HDUList([fits.PrimaryHDU(), image, objects]).writeto(path)
    done = import_files([path], store=store, calibrate=False)
    assert (done.n_rows, done.n_frames) == (40, 1)
    (frame,) = frames(store)
    from astropy.time import Time

    assert frame["mjd_mid"] == pytest.approx(Time("2019-03-03T02:49:27.5").mjd + 30 / 86400, abs=1e-8)
    assert (frame["band"], frame["exptime_s"], frame["object_name"], frame["airmass"]) == ("V", 60.0, "AF Vel", 1.2)
    assert frame["fwhm_arcsec"] == pytest.approx(3.0, rel=2e-3)
    with Database.open(store) as db:
        rows = db.rows("SELECT x, y, flux, flux_auto, flags, theta FROM detection ORDER BY ra DESC").rows
    order = np.argsort(-ra)
    assert [r[0] for r in rows] == pytest.approx(x[order], abs=1e-3)
    assert [r[2] for r in rows] == pytest.approx(rate[order], rel=1e-6)
    assert {r[4] for r in rows} == {0, 64, 3}
    assert rows[0][5] == pytest.approx(math.pi / 2)


def test_pps_sqlite_goes_out_and_comes_back(small_store, tmp_path, store):
    with Database.open(small_store) as db:
        answer = query.export(db, "detection", question="export_pp_sqlite")
        formats.write_file(answer, tmp_path / "pp.db", "pp_sqlite")
    done = import_files([tmp_path / "pp.db"], store=store, calibrate=False)
    assert (done.n_frames, done.n_rows, done.n_new_objects) == (12, 48, 3)  # the faint star is not significant
    with Database.open(small_store) as old, Database.open(store) as new:
        sql = (
            "SELECT f.mjd_mid, f.band, d.flux, d.flux_err, d.x FROM detection AS d JOIN frame AS f USING (frame_id) "
            "ORDER BY ALL"
        )
        for a, b in zip(old.rows(sql).rows, new.rows(sql).rows, strict=True):
            assert b[0] == pytest.approx(a[0], abs=1e-9)
            assert b[1] == a[1]
            assert b[2:] == pytest.approx(a[2:], rel=1e-6)


def test_a_file_of_pp_itself_is_one_frame(tmp_path, store):
    path = tmp_path / "frame.ldac.db"
    _, _, ra, dec, rate = field_of(10)
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE header (name TEXT, origin TEXT, description TEXT, magsys TEXT, obstime REAL, exptime REAL, "
            "obj TEXT, filtername TEXT)"
        )
        db.execute(
            "INSERT INTO header VALUES ('f.ldac', 'DCTLMI;f.fits', '', 'instrumental', 2458000.75, 30, '3552', 'V')"
        )
        db.execute("CREATE TABLE data (ra_deg REAL, dec_deg REAL, FLUX_APER REAL, FLUXERR_APER REAL, FLAGS INTEGER)")
        db.executemany(
            "INSERT INTO data VALUES (?, ?, ?, 30, 0)",
            zip(ra.tolist(), dec.tolist(), (30 * rate).tolist(), strict=True),
        )
    db.close()
    import_files([path], store=store, calibrate=False)
    (frame,) = frames(store)
    assert (frame["mjd_mid"], frame["exptime_s"], frame["band"], frame["object_name"]) == (58000.25, 30, "V", "3552")
    with Database.open(store) as db:
        assert sorted(r[0] for r in db.rows("SELECT flux FROM detection").rows) == pytest.approx(sorted(rate), rel=1e-6)


# What goes wrong


def test_a_file_is_taken_once_whatever_its_name(tmp_path, store):
    path = write(tmp_path / "c.csv", "mjd,mag\n58000,14.2\n")
    first = import_files([path], store=store, given=Given(filter="V", mag_system="Vega", **HERE))
    copy = Path(shutil.copy(path, tmp_path / "copy.csv"))
    second = import_files([path, copy], store=store, given=Given(filter="V", mag_system="Vega", **HERE))
    assert (first.n_files, second.n_files, second.n_known) == (1, 0, 2)
    assert len(curve(store)) == 1


def test_again_replaces_what_was_imported(tmp_path, store):
    path = write(tmp_path / "c.csv", "mjd,mag\n58000,14.2\n58001,14.3\n")
    import_files([path], store=store, given=Given(filter="V", **HERE))
    import_files([path], store=store, given=Given(filter="R", mag_system="Vega", **HERE), again=True)
    found = curve(store)
    assert [(p["band"], p["mag_system"]) for p in found] == [("R", "Vega")] * 2
    with Database.open(store) as db:
        assert db.audit() == {}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.psx", b"", "is empty"),
        ("names.csv", b"mjd,mag\n", "only a line of names"),
        ("noise.dat", b"\x00\x01\x02" * 200, "neither text nor a table"),
        ("page.csv", b"<html><body>404</body></html>\n", "only a line of names"),
        ("cut.parquet", b"PAR1" + b"\x00" * 100, "cannot be read as a table"),
        ("cut.fits", b"SIMPLE  =                    T" + b" " * 50, ""),
        ("cut.db", b"SQLite format 3\x00" + b"\x07" * 500, ""),
        ("cut.vot", b"<?xml version='1.0'?><VOTABLE><RESOURCE>", ""),
        ("other.csv", b"a,b\n1,2\n", "no mapping knows its columns: a, b"),
        ("bad.csv", b"mjd,mag\nx,y\n58000,z\n", "no row of it can be used"),
    ],
)
def test_a_file_of_no_use_is_a_row_with_its_reason_and_costs_no_other(tmp_path, store, name, content, said):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_bytes(content)
    write(folder / "good.csv", "mjd,mag\n58000,14.2\n")
    done = import_files([folder], store=store, given=Given(filter="V", mag_system="Vega", **HERE))
    assert (done.n_files, done.n_failed) == (1, 1)
    (failed,) = [f for f in frames(store) if f["state"] == "failed"]
    assert said in failed["reason"]
    assert failed["path"].endswith(name)
    assert len(curve(store)) == 1


def test_what_is_missing_is_said_with_what_to_do(tmp_path, store):
    for text, given_, said in (
        ("mjd,mag\n58000,14\n", Given(), "no positions in it"),
        ("ra,dec,flux\n10,10,5\n", Given(), "nothing says when it was observed"),
    ):
        path = write(tmp_path / "x.csv", text)
        with pytest.raises(InputError, match="none of 1 file could be used"):
            import_files([path], store=store, given=given_)
        assert said in frames(store)[-1]["reason"]
    with pytest.raises(InputError, match="no such file or folder"):
        import_files([tmp_path / "nothing"], store=store)
    with pytest.raises(UsageError, match="no system of magnitudes 'Johnson'"):
        import_files([path], store=store, given=Given(mag_system="Johnson"))
    with pytest.raises(InputError, match="no columns of positions"):
        import_files([path], store=store, objects=write(tmp_path / "o.csv", "name,mag\na,1\n"))


def test_calibrating_a_store_leaves_imported_magnitudes_alone(tmp_path, store):
    lines = "".join(f"{58000 + i},{14 + 0.3 * math.sin(i):.4f},0.01\n" for i in range(30))
    import_files(
        [write(tmp_path / "c.csv", "mjd,mag,magerr\n" + lines)],
        store=store,
        given=Given(filter="V", mag_system="Vega", **HERE),
    )
    before = [p["mag"] for p in curve(store)]
    with Database.open(store, read_only=False) as db, pytest.raises(InputError, match="no frame to calibrate") as error:
        zeropoint.calibrate_store(db)
    assert "imported magnitudes stay as they are" in error.value.hint
    (tmp_path / "psx").mkdir()
    import_files([psx(tmp_path / "psx", k, 1.0, 0.01) for k in range(4)], store=store)
    with Database.open(store, read_only=False) as db:
        zeropoint.calibrate_store(db, force=True)
    found = curve(store, where="mag_system = 'Vega'")
    assert [p["mag"] for p in found] == before


def test_points_of_a_faint_star_come_in_as_its_own_object(tmp_path, store):
    lines = "".join(f"{58000 + i},{21 + 0.1 * i},0.6\n" for i in range(5))  # S/N below 2, all of them
    done = import_files(
        [write(tmp_path / "c.csv", "mjd,mag,magerr\n" + lines)],
        store=store,
        given=Given(filter="V", mag_system="Vega", **HERE),
    )
    assert done.n_new_objects == 1
    assert len(curve(store)) == 5


@pytest.mark.parametrize("suffix", ["csv", "parquet", "fits"])
def test_forced_points_come_back_as_forced_points_with_their_limits(tmp_path, suffix):
    from forced_store import UNDETECTED, UNMEASURED, forced_store

    old, new = forced_store(tmp_path / "old.duckdb"), tmp_path / "new.duckdb"
    with Database.open(old) as db:
        for what in ("lightcurve", "object"):
            formats.write_file(query.export(db, what), tmp_path / f"{what}.{suffix}", suffix)
        before = {(p["object_id"], round(p["mjd_mid"], 6)): p for p in query_dicts(db)}
    import_files([tmp_path / f"lightcurve.{suffix}"], store=new, objects=tmp_path / f"object.{suffix}")
    with Database.open(new) as db:
        assert db.audit() == {}
        after = {(p["object_id"], round(p["mjd_mid"], 6)): p for p in query_dicts(db)}
    assert before.keys() == after.keys()
    assert sum(p["kind"] == "forced" for p in after.values()) == len(set(UNDETECTED) - {UNMEASURED})
    for key, point in before.items():
        assert after[key]["kind"] == point["kind"]
        for name in ("flux", "mag", "mag_err", "limit_mag", "zp"):
            expected = point[name] if point[name] is None else pytest.approx(point[name], rel=1e-5)
            assert after[key][name] == expected, name


def query_dicts(db: Database) -> list[dict]:
    """Every point of the view that belongs to an object."""
    return db.rows("SELECT * FROM lightcurve WHERE object_id IS NOT NULL").dicts()
