"""Reference catalogues in the store."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from photdb.catalogs.reference import at_epoch
from photdb.errors import NotFoundError, UsageError
from photdb.jobs import refcat
from photdb.sky import separation_arcsec
from photdb.store.database import Database


def gaia(path: Path, ra, dec, mag, **more) -> Path:
    n = len(ra)
    pl.DataFrame(
        {"Source": np.arange(1, n + 1), "RA_ICRS": ra, "DE_ICRS": dec, "gmag": mag, "e_gmag": [0.02] * n, **more}
    ).write_csv(path)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.duckdb"


def test_the_same_file_again_adds_nothing(tmp_path, store):
    file = gaia(tmp_path / "g.csv", [11.0, 11.01, 200.0], [1.0, 1.01, -80.0], [12.0, 13.0, 14.0])
    first, second = (refcat.add(file, "gaiaxp", store=store) for _ in range(2))
    assert (first.n_new, second.n_new) == (3, 0)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM refstar") == 3
        assert db.one("SELECT count(*) FROM refmag") == 3
        assert db.one("SELECT sum(n_star) FROM refcat_tile") == 3
        assert db.one("SELECT count(*) FROM refcat_tile") == 2
        assert db.one("SELECT count(*) FROM run WHERE command = 'refcat add' AND state = 'done'") == 2
        assert not db.audit()


def test_a_star_that_is_there_is_replaced_whole(tmp_path, store):
    refcat.add(gaia(tmp_path / "a.csv", [10.0], [1.0], [12.0], rmag=[11.5]), "gaiaxp", store=store)
    refcat.add(gaia(tmp_path / "b.csv", [10.0], [1.0], [12.3]), "gaiaxp", store=store)
    with Database.open(store) as db:
        assert db.rows("SELECT band, mag FROM refmag").rows == [("g", 12.3)]


def test_catalogues_do_not_touch_each_other(tmp_path, store):
    file = gaia(tmp_path / "a.csv", [10.0], [1.0], [12.0])
    refcat.add(file, "gaiaxp", store=store)
    refcat.add(file, "mine", store=store, columns={"ra": "RA_ICRS", "dec": "DE_ICRS", "id": "Source", "g": "gmag"})
    with Database.open(store) as db:
        kept = [row[:3] for row in refcat.listing(db).rows()]
    assert kept == [("gaiaxp", 1, "g 1"), ("mine", 1, "g 1")]


def test_stars_are_kept_sorted_by_place(tmp_path, store):
    rng = np.random.default_rng(1)
    n = 3000
    file = gaia(
        tmp_path / "a.csv", rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng.uniform(8, 18, n)
    )
    refcat.add(file, "gaiaxp", store=store)
    with Database.open(store) as db:
        hpx = [r[0] for r in db.rows("SELECT hpx FROM refstar").rows]
    assert hpx == sorted(hpx)


def test_an_unknown_catalogue_makes_no_store(tmp_path, store):
    with pytest.raises(UsageError):
        refcat.add(gaia(tmp_path / "a.csv", [1.0], [1.0], [12.0]), "gaia", store=store)
    assert not store.exists()


@pytest.mark.parametrize("centre", [(0.02, 10.0), (123.0, 89.9), (210.0, -89.99), (41.0, -30.0)])
def test_the_stars_near_a_place_are_all_there_at_the_date_asked_for(tmp_path, store, centre):
    rng = np.random.default_rng(2)
    n = 4000
    z = np.sin(np.radians(centre[1])) + rng.uniform(-0.02, 0.02, n)
    dec = np.degrees(np.arcsin(np.clip(z, -1, 1)))
    ra = (centre[0] + rng.uniform(-180, 180, n) * (1 if abs(centre[1]) > 80 else 0.01)) % 360
    pm_ra, pm_dec = rng.normal(0, 500, n), rng.normal(0, 500, n)
    refcat.add(gaia(tmp_path / "a.csv", ra, dec, rng.uniform(8, 18, n), pmRA=pm_ra, pmDE=pm_dec), "gaiaxp", store=store)
    true_ra, true_dec = at_epoch(ra, dec, pm_ra, pm_dec, 2016.0, 2036.0)
    inside = separation_arcsec(true_ra, true_dec, *centre) <= 0.7 * 3600
    assert inside.sum() > 20
    with Database.open(store) as db:
        found = refcat.stars_near(db, *centre, 0.7, epoch=2036.0)
        few = refcat.stars_near(db, *centre, 0.7, epoch=2036.0, limit=5)
        none = refcat.stars_near(db, *centre, 0.7, epoch=2036.0, catalogs=["ps1"])
    assert set(found.source_id.tolist()) == set((np.flatnonzero(inside) + 1).tolist())
    place = dict(zip(found.source_id.tolist(), zip(found.ra, found.dec, strict=True), strict=True))
    i = int(np.flatnonzero(inside)[0])
    assert separation_arcsec(*place[i + 1], true_ra[i], true_dec[i]) < 1e-5
    assert np.all(np.diff(found.mag) >= 0)
    assert few.mag.tolist() == found.mag[:5].tolist()
    assert len(none) == 0


def test_registration_gets_the_catalogue_that_covers_the_frame(tmp_path, store):
    rng = np.random.default_rng(3)
    ra, dec = 100 + rng.uniform(-0.5, 0.5, 300), rng.uniform(-0.5, 0.5, 300)
    corner = {"ra": 100 + rng.uniform(0.1, 0.3, 900), "dec": rng.uniform(0.1, 0.3, 900), "g": rng.uniform(8, 18, 900)}
    pl.DataFrame(corner).write_csv(tmp_path / "corner.csv")
    refcat.add(tmp_path / "corner.csv", "corner", store=store, columns={"ra": "ra", "dec": "dec", "g": "g"})
    refcat.add(gaia(tmp_path / "a.csv", ra, dec, rng.uniform(8, 18, 300)), "gaiaxp", store=store)
    with Database.open(store) as db:
        found = refcat.reference_stars(db, 100.0, 0.0, 0.4, epoch=2020.0, limit=50)
        nothing = refcat.reference_stars(db, 10.0, 0.0, 0.4, epoch=2020.0)
    assert len(found) == 50
    assert set(np.round(found.ra, 9)) <= set(np.round(ra, 9))
    assert len(nothing) == 0


def test_an_empty_store_says_that_it_has_no_catalogue():
    with (
        Database.open(":memory:", read_only=False, create=True) as db,
        pytest.raises(NotFoundError, match="no reference"),
    ):
        refcat.require_some(db)


def tycho(path: Path, *, numbers: bool, **more) -> Path:
    """Two stars as VizieR writes them, with numbers and proper motions at 2000; or their places in 1991.25 alone."""
    ra, dec, pm = np.array([31.0, 31.1]), np.array([46.0, 46.1]), np.array([800.0, 0.0])
    if numbers:
        table = {"TYC1": [3280, 3280], "TYC2": [13, 14], "TYC3": [1, 1], "RAmdeg": ra, "DEmdeg": dec, "pmRA": pm,
                 "pmDE": [0.0, 0.0], "BTmag": [10.0, 11.0], "VTmag": [9.5, 10.5]}  # fmt: skip
    else:
        then = at_epoch(ra, dec, pm, 0 * pm, 2000.0, 1991.25)
        table = {"ra": then[0], "dec": then[1], "epoch": [1991.25] * 2, "VTmag": [9.5, 10.5]}
    pl.DataFrame(table | more).write_csv(path)
    return path


@pytest.mark.parametrize("extract_first", [True, False])
def test_a_star_with_and_without_its_number_is_one_star(tmp_path, store, extract_first):
    files = [tycho(tmp_path / "extract.csv", numbers=False), tycho(tmp_path / "vizier.csv", numbers=True)]
    added = [refcat.add(file, "tycho2", store=store) for file in (files if extract_first else files[::-1])]
    assert [a.n_new for a in added] == [2, 0]
    with Database.open(store) as db:
        rows = db.rows("SELECT source_id, pm_ra FROM refstar ORDER BY source_id").rows
        assert rows == [(3280000131, 800.0), (3280000141, 0.0)]
        assert db.one("SELECT count(*) FROM refmag") == 4
    if not extract_first:
        assert "2 stars are there already under the catalogue's own numbers: kept as they are" in added[1].notes


def test_objects_keep_their_reference_star_when_it_gets_its_number(tmp_path, store):
    refcat.add(tycho(tmp_path / "extract.csv", numbers=False), "tycho2", store=store)
    with Database.open(store, read_only=False) as db:
        db.execute(
            "INSERT INTO object BY NAME SELECT hpx AS object_id, 'J' AS name, hpx, ra, dec, "
            "cos(radians(dec)) * cos(radians(ra)) AS ux, cos(radians(dec)) * sin(radians(ra)) AS uy, "
            "sin(radians(dec)) AS uz, epoch, catalog AS ref_catalog, source_id AS ref_source_id, 1 AS n_detections, "
            "1 AS run_id FROM refstar"
        )
    refcat.add(tycho(tmp_path / "vizier.csv", numbers=True), "tycho2", store=store)
    with Database.open(store) as db:
        assert {r[0] for r in db.rows("SELECT ref_source_id FROM object").rows} == {3280000131, 3280000141}


def test_close_pairs_of_one_file_stay_two_stars(tmp_path, store):
    table = {"RAJ2000": [10.0, 10.0], "DEJ2000": [5.0, 5.0 + 0.3 / 3600], "nobs": [3, 3], "Vmag": [12.0, 12.5]}
    for file in ("a.csv", "b.csv"):
        pl.DataFrame(table).write_csv(tmp_path / file)
        refcat.add(tmp_path / file, "apass9", store=store)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM refstar") == 2


def test_the_same_stars_with_rounded_places_are_not_doubled(tmp_path, store):
    rng = np.random.default_rng(8)
    table = pl.DataFrame({"RAJ2000": 10 + rng.uniform(0, 1, 200), "DEJ2000": rng.uniform(0, 1, 200), "nobs": [3] * 200,
                          "Vmag": [12.0] * 200})  # fmt: skip
    for file, digits in (("a.csv", 9), ("b.csv", 5)):
        table.with_columns(pl.col("RAJ2000", "DEJ2000").round(digits)).write_csv(tmp_path / file)
        refcat.add(tmp_path / file, "apass9", store=store)
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM refstar") == 200
        assert db.one("SELECT sum(n_star) FROM refcat_tile") == 200


@pytest.mark.parametrize("motions_first", [True, False])
def test_synthetic_photometry_takes_its_proper_motions_from_gaia(tmp_path, store, motions_first):
    place = {"Source": [1, 2], "RA_ICRS": [10.0, 10.1], "DE_ICRS": [5.0, 5.0]}
    pl.DataFrame(place | {"pmRA": [900.0, None], "pmDE": [-50.0, None], "Gmag": [12.0] * 2}).write_csv(
        tmp_path / "g.csv"
    )
    pl.DataFrame(place | {"gmag": [12.0, 13.0]}).write_csv(tmp_path / "x.csv")
    files = [("g.csv", "gaia_dr3"), ("x.csv", "gaiaxp")]
    for file, name in files if motions_first else files[::-1]:
        refcat.add(tmp_path / file, name, store=store)
    with Database.open(store) as db:
        rows = db.rows("SELECT source_id, pm_ra, pm_dec FROM refstar WHERE catalog = 'gaiaxp' ORDER BY source_id").rows
        stars = refcat.stars_near(db, 10.0, 5.0, 0.01, epoch=2036.0, catalogs=["gaiaxp"])
    assert rows == [(1, 900.0, -50.0), (2, None, None)]
    assert stars.dec[0] == pytest.approx(5.0 - 20 * 0.05 / 3600, abs=1e-7)
