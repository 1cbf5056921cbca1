"""Reference stars fetched into a store: what is there is not asked for, what failed is not there."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from stores import DEC, HALF_FIELD, RA, small_store
from vizier_server import DATABASE_AWAY, Sky

from photdb.catalogs.fetch_vizier import ServiceError
from photdb.catalogs.tiles import tiles_of_cone
from photdb.errors import NotFoundError, UsageError
from photdb.jobs import refcat, refcat_fetch
from photdb.sky import healpix, separation_arcsec
from photdb.store.database import Database

ORDER = 6


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    """300 stars around the frames of the small store."""
    monkeypatch.delenv("PHOTDB_OFFLINE")
    rng = np.random.default_rng(3)
    n = 300
    columns = {
        "RA_ICRS": ("double", "deg", (RA + rng.uniform(-2, 2, n)).tolist()),
        "DE_ICRS": ("double", "deg", (DEC + rng.uniform(-2, 2, n)).tolist()),
        "Source": ("long", "", list(range(1, n + 1))),
        "gmag": ("float", "mag", rng.uniform(12, 17, n).tolist()),
        "gFlag": ("short", "", [1] * n),
    }
    server = Sky("I/360/syntphot", columns)
    yield server
    server.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.duckdb"


def fetch(sky: Sky, store: Path, tiles: list[int], **how) -> refcat_fetch.Fetched:
    return refcat_fetch.fetch("gaiaxp", tiles, store=store, server=sky.address, pause=lambda n: None, **how)


def test_what_is_there_is_not_asked_for_again(sky, store):
    tiles = tiles_of_cone(RA, DEC, 0.6, ORDER)
    first = fetch(sky, store, tiles)
    n_questions = len(sky.questions)
    second = fetch(sky, store, tiles)
    assert (first.n_fetched, first.n_there) == (len(tiles), 0)
    assert (second.n_fetched, second.n_there, second.n_asked) == (0, len(tiles), len(tiles))
    assert len(sky.questions) == n_questions
    wider = tiles_of_cone(RA, DEC, 1.2, ORDER)
    assert fetch(sky, store, wider).n_fetched == len(set(wider) - set(tiles))


def test_the_stars_in_the_store_are_those_of_the_tiles_and_lie_in_no_two_of_them(sky, store):
    tiles = tiles_of_cone(RA, DEC, 0.6, ORDER)
    fetched = fetch(sky, store, tiles)
    ra, dec, ids = (np.array(sky.columns[c][2]) for c in ("RA_ICRS", "DE_ICRS", "Source"))
    expected = set(ids[np.isin(healpix(ra, dec, ORDER), tiles)].tolist())
    with Database.open(store) as db:
        assert {row[0] for row in db.rows("SELECT source_id FROM refstar").rows} == expected
        assert db.one("SELECT count(*) FROM refstar") == len(expected) == fetched.n_star == fetched.n_new
        assert db.one("SELECT sum(n_star) FROM refcat_tile") == len(expected)
        near = refcat.stars_near(db, RA, DEC, 0.4, epoch=2016.0)
    assert set(near.source_id.tolist()) == set(ids[separation_arcsec(ra, dec, RA, DEC) <= 0.4 * 3600].tolist())


def test_an_empty_tile_is_a_row_with_where_from_and_when(sky, store):
    far = int(healpix(200.0, 50.0, ORDER))
    fetched = fetch(sky, store, [far])
    assert (fetched.n_empty, fetched.n_star) == (1, 0)
    with Database.open(store) as db:
        (row,) = db.rows("SELECT * FROM refcat_tile").dicts()
        (listed,) = refcat.listing(db).rows()
    assert (row["catalog"], row["norder"], row["npix"], row["n_star"], row["is_complete"]) == (
        "gaiaxp",
        6,
        far,
        0,
        True,
    )
    assert row["source"].startswith(f"{sky.address} I/360/syntphot cone ")
    assert listed[0] == "gaiaxp"
    assert fetch(sky, store, [far]).n_there == 1


def test_a_failed_tile_is_no_row_and_is_asked_for_by_the_next_run(sky, store):
    tiles = tiles_of_cone(RA, DEC, 0.6, ORDER)
    bad = tiles[1]
    rows = sky.rows

    def rows_but_one(question: dict[str, str]) -> str:
        from photdb.catalogs.tiles import cone_of_tile

        ra = float(question["-c"].partition("-")[0])
        return DATABASE_AWAY if abs(ra - cone_of_tile(ORDER, bad)[0]) < 1e-6 else rows(question)

    sky.rows = rows_but_one  # type: ignore[method-assign]
    fetched = fetch(sky, store, tiles)
    assert fetched.n_failed >= 1
    assert "The database is not reachable" in fetched.reasons.most_common(1)[0][0]
    assert "failed" in fetched.line()
    with Database.open(store) as db:
        there = {row[0] for row in db.rows("SELECT npix FROM refcat_tile").rows}
        assert bad not in there
        assert len(there) == fetched.n_fetched
    sky.rows = rows  # type: ignore[method-assign]
    again = fetch(sky, store, tiles)
    assert again.n_fetched == fetched.n_failed
    assert again.n_failed == 0


def test_a_service_that_is_down_is_left_alone_and_nothing_is_kept(sky, store, monkeypatch):
    given_up, empty = threading.Event(), refcat_fetch._empty

    def emptied(questions):
        try:
            return empty(questions)
        finally:
            given_up.set()

    def down(n: int) -> tuple[int, bytes, float]:
        if n >= refcat_fetch.GIVE_UP:  # then nobody asks before it is known that so many failed
            assert given_up.wait(300)
        return 503, b"", 0.0

    monkeypatch.setattr(refcat_fetch, "_empty", emptied)
    sky.trouble = down
    tiles = tiles_of_cone(RA, DEC, 5.0, ORDER)
    with pytest.raises(ServiceError, match=f"none of {len(tiles)} tiles could be fetched.*503") as caught:
        fetch(sky, store, tiles, attempts=1)
    assert "refcat add" in caught.value.hint
    assert len(sky.questions) < 15 < len(tiles)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM refcat_tile") == 0
        assert db.one("SELECT state FROM run") == "failed"


def test_no_more_questions_are_under_way_than_allowed(sky, store):
    now, most, lock, answer, two = [0], [0], threading.Lock(), sky.answer, threading.Event()

    def counted(body: str):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 2:
                two.set()
        try:
            assert two.wait(300), "a second question was not asked while the first was under way"
            time.sleep(0.02)  # a third would come now
            return answer(body)
        finally:
            with lock:
                now[0] -= 1

    sky.answer = counted  # type: ignore[method-assign]
    fetch(sky, store, tiles_of_cone(RA, DEC, 1.5, ORDER), parallel=2)
    assert most[0] == 2


def test_refresh_asks_again_and_replaces(sky, store):
    tiles = tiles_of_cone(RA, DEC, 0.3, ORDER)
    before = fetch(sky, store, tiles)
    kind, unit, values = sky.columns["gmag"]
    sky.columns["gmag"] = (kind, unit, [v + 0.5 for v in values])
    after = fetch(sky, store, tiles, refresh=True)
    assert (after.n_fetched, after.n_new, after.n_star) == (len(tiles), 0, before.n_star)
    with Database.open(store) as db:
        assert db.one("SELECT min(mag) FROM refmag") >= 12.5
        assert db.one("SELECT count(*) FROM refcat_tile") == len(tiles)


def test_frames_need_the_tiles_under_them_with_a_margin(tmp_path):
    with Database.open(small_store(tmp_path / "s.duckdb")) as db:
        tiles = refcat_fetch.tiles_of_frames(db, "gaiaxp")
    corners = [(RA + dx, DEC + dy) for dx in (-HALF_FIELD, HALF_FIELD) for dy in (-HALF_FIELD, HALF_FIELD)]
    assert {int(healpix(*c, ORDER)) for c in corners} <= set(tiles)
    assert set(tiles) <= set(tiles_of_cone(RA, DEC, 0.5, ORDER))


def test_a_store_without_frames_says_what_to_name_instead(store):
    with (
        Database.open(store, read_only=False, create=True) as db,
        pytest.raises(NotFoundError, match="no frame") as caught,
    ):
        refcat_fetch.tiles_of_frames(db, "gaiaxp")
    assert "--cone" in caught.value.hint


def test_a_catalogue_is_not_asked_for_where_it_has_nothing():
    assert refcat_fetch.tiles_near("ps1", 10.0, -60.0, 1.0) == []
    assert refcat_fetch.tiles_near("skymapper4", 10.0, 60.0, 1.0) == []


def test_the_network_can_be_forbidden(sky, store, monkeypatch):
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    with pytest.raises(UsageError, match="PHOTDB_OFFLINE"):
        fetch(sky, store, [1])
    assert not sky.questions


def test_a_catalogue_without_a_service_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PHOTDB_CONFIG", str(tmp_path))
    (tmp_path / "catalogs").mkdir()
    (tmp_path / "catalogs" / "ours.toml").write_text(
        'title = "ours"\nservice = "our disk"\nreference = "us"\nchecked = "by us"\nrank = 500\nastrometry_mas = 10\n'
        '[[position]]\nra = "ra"\ndec = "dec"\nepoch = 2016.0\n[bands.V]\nmag = "V"\nsystem = "Vega"\n'
    )
    with pytest.raises(UsageError, match="no service to ask"):
        refcat_fetch.tiles_near("ours", 1.0, 1.0, 0.1)


def test_a_file_added_over_fetched_tiles_leaves_them_whole_and_counted(sky, store, tmp_path):
    import polars as pl

    tiles = tiles_of_cone(RA, DEC, 0.3, ORDER)
    n_star = fetch(sky, store, tiles).n_star
    pl.DataFrame({"Source": [9001], "RA_ICRS": [RA], "DE_ICRS": [DEC], "gmag": [10.0]}).write_csv(tmp_path / "g.csv")
    refcat.add(tmp_path / "g.csv", "gaiaxp", store=store)
    with Database.open(store) as db:
        assert db.one("SELECT sum(n_star) FROM refcat_tile WHERE is_complete") == n_star + 1
        assert db.one("SELECT count(*) FROM refcat_tile WHERE is_complete") == len(tiles)
        (row,) = refcat.listing(db).rows()
    assert row[1] == n_star + 1
