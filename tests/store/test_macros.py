"""Macros of the file itself, asked with nothing but duckdb: what any client can do."""

import json
import math
from pathlib import Path

import duckdb
import healpy
import numpy as np
import pytest
from stores import DEC, FAINT, FAR, NEIGHBOUR, RA, STAR

from photdb.query import outline_holds
from photdb.sky import unit_vector
from photdb.store.database import Database

N_STARS = 4000


@pytest.fixture(scope="module")
def sky(tmp_path_factory):
    """Bare duckdb on a store of stars all over the sky, many of them at the poles and at RA 0; positions as arrays."""
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, N_STARS), np.degrees(np.arcsin(rng.uniform(-1, 1, N_STARS)))
    dec[:800] = 90 - rng.uniform(0, 5, 800)
    dec[800:1200] = -90 + rng.uniform(0, 5, 400)
    ra[1200:1800], dec[1200:1800] = rng.uniform(-4, 4, 600) % 360, rng.uniform(-5, 5, 600)
    path = tmp_path_factory.mktemp("sky") / "sky.duckdb"
    with Database.open(path, read_only=False, create=True) as db:
        db.execute("CREATE TEMP TABLE given AS SELECT unnest($ra::DOUBLE[]) AS ra, unnest($dec::DOUBLE[]) AS dec",
                   ra=str(ra.tolist()), dec=str(dec.tolist()))  # fmt: skip
        db.execute(
            "INSERT INTO object (object_id, name, hpx, ra, dec, ux, uy, uz, epoch, n_detections, run_id) "
            "SELECT rowid, 'J' || rowid, healpix_cell(ra, dec, 29), ra, dec, cos(radians(dec)) * cos(radians(ra)), "
            "cos(radians(dec)) * sin(radians(ra)), sin(radians(dec)), 2020, 1, 1 FROM given"
        )
    with duckdb.connect(str(path), read_only=True) as con:
        yield con, ra, dec


@pytest.fixture
def con(small_store):
    with duckdb.connect(str(small_store), read_only=True) as opened:
        yield opened


def ids(con, sql: str, *parameters) -> list[int]:
    return [row[0] for row in con.execute(f"SELECT object_id FROM {sql}", list(parameters)).fetchall()]


def seen_from(ra: float, dec: float, angle: float, distance: float) -> tuple[float, float]:
    """The place at a position angle and distance (deg) from another one."""
    a, d, s = math.radians(angle), math.radians(dec), math.radians(distance)
    to_dec = math.asin(math.sin(d) * math.cos(s) + math.cos(d) * math.sin(s) * math.cos(a))
    east = math.atan2(math.sin(a) * math.sin(s) * math.cos(d), math.cos(s) - math.sin(d) * math.sin(to_dec))
    return (ra + math.degrees(east)) % 360, math.degrees(to_dec)


@pytest.mark.parametrize("norder", [0, 1, 7, 10, 13, 20])
def test_cells_are_those_of_healpy_at_poles_and_everywhere(sky, norder):
    con, ra, dec = sky
    found = con.execute(f"SELECT healpix_cell(ra, dec, {norder}) FROM object ORDER BY object_id").fetchall()
    assert np.array_equal([f[0] for f in found], healpy.ang2pix(2**norder, ra, dec, nest=True, lonlat=True))


def test_the_finest_cells_hold_their_positions_to_rounding(sky):
    con, ra, dec = sky
    found = [row[0] for row in con.execute("SELECT hpx FROM object ORDER BY object_id").fetchall()]
    back = unit_vector(*healpy.pix2ang(2**29, np.array(found), nest=True, lonlat=True))
    assert np.linalg.norm(back - unit_vector(ra, dec), axis=1).max() < 2.5e-9
    assert con.execute(
        "SELECT healpix_cell(0, 90.1, 5), healpix_cell(0, 0, 30), healpix_cell('nan', 0, 3)"
    ).fetchall() == [(None, None, None)]


@pytest.mark.parametrize("seed", range(12))
def test_a_polygon_holds_what_its_corners_go_around(sky, seed):
    con, ra, dec = sky
    rng = np.random.default_rng(seed)
    middle = [(0, 89.999), (70, -89.999), (123, 88), (0.5, 0), (359.7, -2), (200, 40)][seed % 6]
    size = [15.0, 60.0][seed // 6]
    angles = np.sort(rng.uniform(0, 360, 9))
    corners = [seen_from(*middle, a, size * rng.uniform(0.3, 1)) for a in angles]
    ras, decs = [c[0] for c in corners], [c[1] for c in corners]
    near = unit_vector(ra, dec) @ unit_vector(*middle) > 0
    truth = [i for i in np.flatnonzero(near) if outline_holds(ras, decs, ra[i], dec[i])]
    assert len(truth) > 5
    assert ids(con, "polygon(?, ?)", ras, decs) == truth
    assert ids(con, "polygon(?, ?)", ras[::-1], decs[::-1]) == truth
    held = con.execute(
        "SELECT object_id FROM object WHERE outline_holds(?, ?, ra, dec) AND list_contains(?, object_id) ORDER BY 1",
        [ras, decs, np.flatnonzero(near).tolist()],
    ).fetchall()
    assert [h[0] for h in held] == truth


@pytest.mark.parametrize(
    ("ras", "decs", "says"),
    [
        ([1.0, 2.0], [1.0, 2.0], "three corners"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "as many declinations"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 95.0], "outside -90 to 90"),
        ([0.0, 90.0, 180.0, 270.0], [0.0, 0.0, 0.0, 0.0], "half of the sky"),
    ],
)
def test_a_polygon_that_is_none_is_refused_by_the_file_itself(sky, ras, decs, says):
    with pytest.raises(duckdb.InvalidInputException, match=says):
        ids(sky[0], "polygon(?, ?)", ras, decs)


def cells(norder: int, seed: int) -> list[int]:
    return sorted({int(c) for c in np.random.default_rng(seed).integers(0, 12 * 4**norder, 400)})


@pytest.mark.parametrize("norder", [1, 3, 5])
def test_a_moc_holds_the_objects_of_its_cells_however_it_is_written(sky, norder):
    con, ra, dec = sky
    chosen = cells(norder, norder)[: 20 * norder**2]
    of_star = healpy.ang2pix(2**norder, ra, dec, nest=True, lonlat=True)
    truth = np.flatnonzero(np.isin(of_star, chosen)).tolist()
    assert truth
    finer = [c * 4 + k for c in chosen for k in range(4)]
    ranges = [{"lo": c << 2 * (29 - norder), "hi": ((c + 1) << 2 * (29 - norder)) - 1} for c in chosen]
    assert ids(con, "moc(?)", f"{norder}/{','.join(map(str, chosen))}") == truth
    assert ids(con, "moc(?)", f"s{norder}/ {' '.join(f'{c}-{c}' for c in chosen)} 29/") == truth
    assert ids(con, "moc(?)", json.dumps({str(norder): chosen[::2], str(norder + 1): finer})) == truth
    assert ids(con, "moc_of_ranges(?)", [*ranges, *ranges[3:7]]) == truth


def test_ranges_that_touch_or_overlap_are_one(sky):
    found = sky[0].execute("FROM hpx_ranges('1/1,3-4 2/4,25,12-14,21')").fetchall()
    order_2 = [(lo >> 54, hi >> 54) for lo, hi in found]
    assert order_2 == [(4, 7), (12, 19), (21, 21), (25, 25)]
    assert sky[0].execute("FROM hpx_ranges('')").fetchall() == []


@pytest.mark.parametrize("text", ["rubbish", "5/9999999", "31/2", "5/7-3", "t5/3", "123", '{"5": "a"}'])
def test_what_is_no_moc_is_refused_by_the_file_itself(sky, text):
    with pytest.raises(duckdb.InvalidInputException, match="not a MOC"):
        ids(sky[0], "moc(?)", text)


def test_mocpy_finds_the_same_objects(sky):
    mocpy = pytest.importorskip("mocpy")
    import astropy.units as u
    from astropy.coordinates import Angle, Latitude, Longitude

    con, ra, dec = sky
    lon, lat = Longitude(ra, u.deg), Latitude(dec, u.deg)
    moc = mocpy.MOC.from_cone(Longitude(120, u.deg), Latitude(85, u.deg), radius=Angle(9, u.deg), max_depth=7)
    truth = np.flatnonzero(moc.contains_lonlat(lon, lat)).tolist()
    for written in (moc.to_string("ascii"), moc.to_string("json")):
        assert ids(con, "moc(?)", written) == truth


def test_a_moving_target_has_no_place_that_it_could_be_found_at(small_store, tmp_path):
    import shutil

    own = Path(shutil.copy(small_store, tmp_path / "own.duckdb"))
    box = "polygon([41.5, 41.7, 41.7, 41.5], [-30.3, -30.3, -30.2, -30.2])"
    with duckdb.connect(str(own)) as con:
        assert set(ids(con, box)) == set(ids(con, f"cone({RA}, {DEC}, 300)")) == {STAR, NEIGHBOUR, FAINT, FAR}
        con.execute("UPDATE object SET kind = 'moving' WHERE object_id = ?", [FAR])
        for question in (box, f"cone({RA}, {DEC}, 300)", "moc('0/0-11')"):
            assert set(ids(con, question)) == {STAR, NEIGHBOUR, FAINT}


def test_a_light_curve_is_had_by_number_and_by_place(con):
    by_id = con.execute(f"FROM light_curve({FAINT})").fetchall()
    assert len(by_id) == 12
    assert by_id == con.execute(f"FROM lightcurve WHERE object_id = {FAINT} ORDER BY mjd_mid").fetchall()
    assert con.execute(f"FROM light_curve_at({RA + 0.01}, {DEC + 0.01})").fetchall() == by_id
    assert con.execute(f"FROM light_curve_at({RA}, {DEC + 190 / 3600})").fetchall() == []
    wide = con.execute(f"SELECT DISTINCT object_id FROM light_curve_at({RA}, {DEC + 190 / 3600}, radius_arcsec := 11)")
    assert wide.fetchall() == [(FAR,)]


def test_frames_of_a_place_are_those_whose_outline_holds_it(con):
    assert len(con.execute(f"FROM frames_at({RA}, {DEC})").fetchall()) == 12
    assert con.execute(f"FROM frames_at({RA}, {DEC + 0.201})").fetchall() == []


def test_phases_and_magnitudes(con):
    row = con.execute(
        "SELECT phase(10.2, 0.5, 10), phase(9.9, 0.5, 10), phase(10, 0.5, 10), phase(1, 0, 1), "
        "flux_to_mag(mag_to_flux(17.5, 22.5), 22.5), mag_limit(1.1, 22.5), mag_limit(1.1, 22.5, n_sigma := 3), "
        "ab_to_mjy(8.9), mjy_to_ab(ab_to_mjy(17.25)), mjy_to_ab(-1), vega_to_ab(15, 0.91), "
        "ab_to_vega(vega_to_ab(15, 0.91), 0.91), vega_to_ab(15, NULL)"
    ).fetchone()
    limits = [22.5 - 2.5 * math.log10(n * 1.1) for n in (5, 3)]
    expected = [0.4, 0.8, 0.0, None, 17.5, *limits, 3631e3 * 10**-3.56, 17.25, None, 15.91, 15.0, None]
    for found, value in zip(row, expected, strict=True):
        assert found == (value if value is None else pytest.approx(value, rel=1e-6))
