"""The real hats and lsdb open what photdb exports, find nothing wrong in it, and give the answers that photdb gives."""

import numpy as np
import pytest
from export_store import FIELDS, STARS, add_night, made

from photdb import query
from photdb.jobs.export_hats import Choice, append, export
from photdb.store.database import Database

hats = pytest.importorskip("hats", reason="hats is not installed: see docs/contributing.md")
lsdb = pytest.importorskip("lsdb", reason="lsdb is not installed: see docs/contributing.md")
pd = pytest.importorskip("pandas")
validation = pytest.importorskip("hats.io.validation")

pytestmark = pytest.mark.filterwarnings("default")  # what they warn of is theirs

CENTRES = sorted(FIELDS)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = made(tmp_path_factory.mktemp("lsdb") / "s.duckdb")
    with Database.open(path) as db:
        export(db, path.parent / "c.hats", Choice(rows=1000))
    return path


@pytest.fixture(scope="module")
def db(store):
    with Database.open(store) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(store):
    return store.parent / "c.hats"


@pytest.fixture(scope="module")
def catalog(folder):
    return lsdb.open_catalog(folder, columns="all")


@pytest.fixture(scope="module")
def sources(folder):
    return lsdb.open_catalog(folder / "sources", margin_cache=folder / "sources_margin_10arcs", columns="all")


def is_sound(folder) -> bool:
    parts = ("objects", "objects_margin_10arcs", "objects_index_object_id", "sources", "sources_margin_10arcs")
    return validation.is_valid_collection(folder, strict=True) and all(
        validation.is_valid_catalog(folder / part, strict=True) for part in parts
    )


def test_strict_validation_finds_nothing(folder, catalog, sources):
    assert is_sound(folder)
    assert len(catalog.get_healpix_pixels()) > 4
    assert catalog.margin is not None
    assert catalog.hc_structure.catalog_info.total_rows == len(STARS) + 1
    assert hats.read_hats(folder / "objects").catalog_info.__pydantic_extra__["photdb_mag_systems"] == "g:AB r:relative"


def test_a_brought_up_to_date_collection_is_sound_too(tmp_path):
    path = made(tmp_path / "s.duckdb", nights=1)
    with Database.open(path) as db:
        export(db, tmp_path / "c.hats", Choice(rows=1000))
    with Database.open(path, read_only=False) as db:
        add_night(db, 1)
    with Database.open(path) as db:
        done = append(db, tmp_path / "c.hats")
    assert is_sound(tmp_path / "c.hats")
    found = lsdb.open_catalog(tmp_path / "c.hats").compute()
    assert len(found) == done.n_object
    assert found["lightcurve.flux"].size == done.n_point


@pytest.mark.parametrize("field", CENTRES)
@pytest.mark.parametrize("radius", [20.0, 600.0])
def test_a_cone_holds_the_same_objects(db, catalog, field, radius):
    ra, dec = FIELDS[field]
    ours = {row[0] for row in db.query("cone_ids", ra=ra, dec=dec, radius=radius).rows}
    theirs = set(catalog.cone_search(ra, dec, radius).compute()["object_id"])
    assert theirs == ours


@pytest.mark.parametrize("field", CENTRES)
def test_a_cone_holds_the_same_sources(db, sources, field):
    ra, dec = FIELDS[field]
    ours = db.rows(
        "SELECT object_id, frame_id, flux FROM detection WHERE ra IS NOT NULL "
        "AND separation_arcsec(ra, dec, $ra, $dec) <= 300 ORDER BY ALL",
        {"ra": ra, "dec": dec},
    ).rows
    found = sources.cone_search(ra, dec, 300.0).compute()
    rows = zip(found["object_id"].astype("Int64"), found["frame_id"], found["flux"], strict=True)
    theirs = [(None if o is pd.NA else int(o), int(f), float(x)) for o, f, x in rows]
    assert sorted(theirs, key=str) == sorted(ours, key=str)
    assert len(ours) > 10


def test_a_light_curve_is_found_by_number_and_is_that_of_photdb(db, catalog):
    for object_id in list(STARS)[:: len(STARS) // 5]:
        found = catalog.id_search({"object_id": object_id}).compute()
        theirs = found["lightcurve"].iloc[0]
        ours = query.light_curve(db, object_id, all_columns=True)
        names = [c for c in (column.name for column in ours.columns) if c in theirs.columns]
        assert len(names) == 25
        rows = [dict(zip([c.name for c in ours.columns], row, strict=True)) for row in ours.rows()]
        assert len(rows) == len(theirs) > 0
        for name in names:
            a, b = [r[name] for r in rows], theirs[name].tolist()
            assert [None if x is None else x for x in a] == [None if pd.isna(x) else x for x in b], name


def test_a_question_to_nested_light_curves_has_the_same_answer(db, catalog):
    ours = dict(
        db.rows(
            "SELECT object_id, avg(flux)::DOUBLE FROM lightcurve WHERE flags = 0 AND band = 'g' GROUP BY object_id"
        ).rows
    )
    good = catalog.query("lightcurve.flags == 0 and lightcurve.band == 'g'").compute()
    theirs = {
        int(o): float(np.mean(np.asarray(lc["flux"], dtype=float)))
        for o, lc in zip(good["object_id"], good["lightcurve"], strict=True)
        if lc is not None and len(lc)
    }
    assert set(theirs) == set(ours)
    assert np.allclose([theirs[o] for o in ours], list(ours.values()), rtol=1e-6)


def pairs(left, right) -> dict[int, int]:
    found = left.crossmatch(right, radius_arcsec=5.0, suffixes=("_mine", "_photdb"), suffix_method="all_columns")
    table = found.compute()
    return dict(zip(table["n_mine"].astype(int), table["object_id_photdb"].astype(int), strict=True))


def test_a_cross_match_has_the_same_pairs_across_all_borders(db, folder, catalog):
    rng = np.random.default_rng(9)
    stars = [(ra, dec) for ra, dec, field in STARS.values() if field in ("corner", "wrap")]
    ra, dec = (np.array(v) + 5e-4 * rng.standard_normal(len(stars)) for v in zip(*stars, strict=True))
    given = pd.DataFrame({"n": np.arange(len(stars)), "ra": ra % 360, "dec": dec})
    left = lsdb.from_dataframe(given, ra_column="ra", dec_column="dec", partition_rows=60)
    ours = {}
    for n, r, d in given.itertuples(index=False):
        near = db.query("cone_ids", ra=r, dec=d, radius=5.0).rows
        if near:
            ours[int(n)] = near[0][0]
    assert len(ours) > 80
    assert pairs(left, catalog) == ours
    alone = lsdb.open_catalog(folder / "objects")
    assert len(pairs(left, alone).items() & ours.items()) < len(
        ours
    )  # without the margin, pairs across borders are lost
