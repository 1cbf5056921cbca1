"""Tiles of a catalogue from a service that answers, fails, lies and hangs: astroquery against a server of the tests."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vizier_server import DATABASE_AWAY, HEAD, TAIL, Sky, document

from photdb.catalogs import definition
from photdb.catalogs.definition import Service
from photdb.catalogs.fetch import fetch_tile
from photdb.catalogs.fetch_vizier import ServiceError, Vizier, judge
from photdb.catalogs.tiles import (
    area_sq_deg,
    cone_of_tile,
    declination_overlaps,
    tiles_of_cone,
    tiles_of_polygon,
)
from photdb.errors import UsageError
from photdb.sky import healpix, separation_arcsec

GAIAXP = definition.load("gaiaxp")
FIRST_SOURCE = 5172533445396113921  # beyond 2^53


@pytest.fixture(scope="module")
def sky() -> Iterator[Sky]:
    """400 stars in a box of 4 deg, in VizieR's table of Gaia XP photometry."""
    rng = np.random.default_rng(1)
    n = 400
    columns = {
        "RA_ICRS": ("double", "deg", (100 + rng.uniform(-2, 2, n)).tolist()),
        "DE_ICRS": ("double", "deg", (10 + rng.uniform(-2, 2, n)).tolist()),
        "Source": ("long", "", list(range(FIRST_SOURCE, FIRST_SOURCE + n))),
        "gmag": ("float", "mag", rng.uniform(12, 17, n).round(4).tolist()),
        "gFlag": ("short", "", [1] * n),
        "Fg": ("float", "W/m2/nm", [1.0] * n),
        "e_Fg": ("float", "W/m2/nm", [0.01] * n),
    }
    server = Sky("I/360/syntphot", columns)
    yield server
    server.close()


@pytest.fixture
def calm(sky: Sky) -> Iterator[Sky]:
    sky.questions.clear()
    sky.trouble = lambda n: None
    yield sky
    sky.trouble = lambda n: None


def stars_in(sky: Sky, npix: int) -> set[int]:
    ra, dec, source = (np.array(sky.columns[c][2]) for c in ("RA_ICRS", "DE_ICRS", "Source"))
    return set(source[healpix(ra, dec, GAIAXP.service.norder) == npix].tolist())


def fetch(sky: Sky, npix: int, **how):
    return fetch_tile(GAIAXP, npix, Vizier(sky.address), pause=lambda n: None, **how)


FULL = int(healpix(100.0, 10.0, 6))
FAR = int(healpix(200.0, 10.0, 6))


def test_a_tile_has_the_stars_that_lie_in_it_and_no_others(calm):
    for npix in tiles_of_cone(100, 10, 1.0, 6):
        tile = fetch(calm, npix)
        assert set(tile.stars.stars["source_id"]) == stars_in(calm, npix)
        assert set(tile.stars.mags["source_id"]) == stars_in(calm, npix)
    error = 1.0857362 * 0.01
    assert np.allclose(tile.stars.mags["mag_err"], error)


def test_the_question_has_the_columns_no_limit_and_no_cache(calm):
    fetch(calm, FULL)
    fetch(calm, FULL)
    assert len(calm.questions) == 2  # the second is asked, not remembered
    question = calm.questions[0]
    assert question["-source"] == "I/360/syntphot"
    assert question["-out.max"] == "unlimited"
    assert question["-out"].split(",") == list(GAIAXP.service.columns)


def test_conditions_keep_a_dense_catalogue_to_its_useful_range():
    server = Sky("I/355/gaiadr3", {"RA_ICRS": ("double", "deg", [100.0]), "DE_ICRS": ("double", "deg", [10.0])})
    gaia = definition.load("gaia_dr3")
    with pytest.raises(ServiceError, match="no magnitudes"):  # this server has none: it is not believed
        fetch_tile(gaia, int(healpix(100.0, 10.0, 7)), Vizier(server.address), pause=lambda n: None)
    server.close()
    assert server.questions[0]["Gmag"] == "<19"
    assert len(server.questions) == 1  # columns that are missing are so the second time too


def test_a_tile_says_where_it_is_from(calm):
    tile = fetch(calm, FULL)
    assert tile.source.startswith(f"{calm.address} I/360/syntphot cone ")
    assert tile.source.endswith(f" {tile.n_rows} rows")


def once(*bad):
    """The first questions meet trouble, the others are answered."""
    return lambda n: bad[n] if n < len(bad) else None


WHOLE = document("I/360/syntphot", {"RA_ICRS": ("double", "deg", [1.0])}, [0]).encode()


@pytest.mark.parametrize(
    "bad",
    [
        (500, b"Internal Server Error", 0.0),
        (503, b"", 0.0),
        (429, b"slowly", 0.0),
        (200, b"", 0.0),
        (200, b"<html><body>Sorry</body></html>", 0.0),
        (200, DATABASE_AWAY.encode(), 0.0),
        (200, WHOLE[: len(WHOLE) // 2], 0.0),
        (200, (HEAD.format(question="") + TAIL).encode(), 0.0),
    ],
    ids=["500", "503", "429", "nothing", "web page", "database away", "cut short", "no table"],
)
def test_what_is_no_answer_is_asked_for_again(calm, bad):
    calm.trouble = once(bad, bad)
    tile = fetch(calm, FULL)
    assert set(tile.stars.stars["source_id"]) == stars_in(calm, FULL)
    assert len(calm.questions) >= 3


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ((500, b"Internal Server Error", 0.0), "HTTP status 500"),
        ((200, DATABASE_AWAY.encode(), 0.0), "The database is not reachable now"),
        ((200, b"<html>", 0.0), "no VOTable"),
        ((200, WHOLE[:-30], 0.0), "breaks off after"),
        ((200, (HEAD.format(question="") + TAIL).encode(), 0.0), "without a table"),
    ],
)
def test_a_service_that_never_answers_rightly_gives_no_tile(calm, bad, said):
    calm.trouble = lambda n: bad
    with pytest.raises(ServiceError, match=said):
        fetch(calm, FULL, attempts=3)


def test_what_asking_again_cannot_mend_is_not_asked_again(calm):
    calm.trouble = lambda n: (404, b"", 0.0)
    with pytest.raises(ServiceError, match="404"):
        fetch(calm, FULL)
    assert len(calm.questions) == 1


def test_a_slow_answer_is_not_waited_for(calm):
    calm.trouble = once((200, b"", 30.0))
    slow = Vizier(calm.address, timeout_s=0.3)

    def pause(n: int) -> None:
        slow._timeout_s = None  # the second answer has all the time it needs

    assert fetch_tile(GAIAXP, FULL, slow, pause=pause).n_star == len(stars_in(calm, FULL))
    assert len(calm.questions) == 2


def test_an_empty_table_is_an_empty_tile(calm):
    tile = fetch(calm, FAR)
    assert tile.stars is None
    assert len(calm.questions) == 1


def test_an_empty_table_where_other_catalogues_have_stars_is_asked_for_twice(calm):
    empty = (200, document("I/360/syntphot", calm.columns, []).encode(), 0.0)
    calm.trouble = once(empty)
    assert fetch(calm, FULL, has_stars=True).n_star > 0
    calm.trouble = lambda n: empty
    calm.questions.clear()
    assert fetch(calm, FULL, has_stars=True).n_star == 0
    assert len(calm.questions) == 2


def test_an_answer_without_a_table_is_believed_only_when_the_service_knows_the_sky_around(calm):
    bare = (200, (HEAD.format(question="") + TAIL).encode(), 0.0)
    calm.trouble = lambda n: bare if n < 2 else None  # the third is the wider cone: it has rows
    assert fetch(calm, FULL, attempts=2).n_star == len(stars_in(calm, FULL))
    calm.questions.clear()
    around = document("I/360/syntphot", calm.columns, [0]).encode()
    calm.trouble = lambda n: bare if n < 2 else (200, around, 0.0)
    elsewhere = next(t for t in tiles_of_cone(100, 10, 1.0, 6) if FIRST_SOURCE not in stars_in(calm, t))
    assert fetch(calm, elsewhere, attempts=2).n_star == 0
    calm.trouble = lambda n: bare
    with pytest.raises(ServiceError, match="may be an error"):
        fetch(calm, FULL, attempts=2)


def test_an_answer_that_is_not_all_of_it_is_refused():
    overflow = WHOLE.replace(b"</VOTABLE>", b'<INFO name="QUERY_STATUS" value="OVERFLOW"/></VOTABLE>')
    with pytest.raises(ServiceError, match="more rows in a tile than it gives") as caught:
        judge(200, overflow, Service("VizieR", "I/1"))
    assert not caught.value.passing


def test_a_server_that_is_not_there_is_told_within_seconds():
    nowhere = Vizier("http://127.0.0.1:9")
    assert not nowhere.answers(timeout_s=0.5)
    with pytest.raises(ServiceError, match="no answer: the connection was refused"):
        nowhere.cone(GAIAXP.service, 10.0, 10.0, 0.1)


def test_a_server_that_is_there_is_seen(calm):
    assert Vizier(calm.address).answers()


def test_behind_a_proxy_the_proxy_is_looked_for(calm, monkeypatch):
    monkeypatch.setenv("https_proxy", calm.address)
    assert Vizier("vizier.example").answers()
    monkeypatch.setenv("https_proxy", "127.0.0.1:9")
    assert not Vizier("vizier.example").answers(timeout_s=0.5)


def test_the_address_of_a_mirror_is_encrypted_unless_it_says_otherwise():
    assert Vizier("vizier.cfa.harvard.edu").address == "https://vizier.cfa.harvard.edu"
    assert Vizier("http://proxy:8080/").address == "http://proxy:8080"


@settings(max_examples=40)
@given(st.integers(0, 8), st.floats(0, 360), st.floats(-90, 90), st.integers(0, 2**30))
def test_the_cone_of_a_tile_covers_it(norder, ra, dec, seed):
    import healpy

    npix = int(healpix(ra, dec, norder))
    centre = cone_of_tile(norder, npix)
    inside = np.random.default_rng(seed).integers(0, 4 ** (29 - norder), 200)
    places = healpy.pix2ang(2**29, (npix << 2 * (29 - norder)) + inside, nest=True, lonlat=True)
    assert np.all(separation_arcsec(*centre[:2], *places) <= centre[2] * 3600)


@settings(max_examples=40)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0.01, 3.0), st.integers(0, 2**30))
def test_the_tiles_of_a_cone_hold_all_of_it(ra, dec, radius, seed):
    rng = np.random.default_rng(seed)
    turn, way = rng.uniform(0, 2 * np.pi, 100), np.radians(radius) * rng.uniform(0, 1, 100)
    d, a = np.radians(dec), np.radians(ra)
    there = np.arcsin(np.clip(np.sin(d) * np.cos(way) + np.cos(d) * np.sin(way) * np.cos(turn), -1, 1))
    along = a + np.arctan2(np.sin(turn) * np.sin(way) * np.cos(d), np.cos(way) - np.sin(d) * np.sin(there))
    cells = healpix(np.degrees(along) % 360, np.degrees(there), 6)
    assert set(cells.tolist()) <= set(tiles_of_cone(ra, dec, radius, 6))


def test_the_tiles_of_a_polygon_hold_its_middle_and_little_more():
    corners = [(359.0, -1.0), (1.0, -1.0), (1.0, 1.0), (359.0, 1.0)]
    tiles = tiles_of_polygon(corners, 7)
    assert int(healpix(0.0, 0.0, 7)) in tiles
    assert 4.0 <= len(tiles) * area_sq_deg(7) < 8.0
    assert sorted(tiles) == sorted(tiles_of_polygon(corners[::-1], 7))


@pytest.mark.parametrize("corners", [[(1, 1), (2, 2)], [(0, 0), (10, 0), (1, 1), (0, 10)]])
def test_corners_that_make_no_convex_polygon_are_refused(corners):
    with pytest.raises(UsageError, match="--polygon"):
        tiles_of_polygon(corners, 6)


def test_a_catalogue_covers_its_declinations():
    assert declination_overlaps((-30.5, 90.0), -31.0, 1.0)
    assert not declination_overlaps((-30.5, 90.0), -40.0, 1.0)
