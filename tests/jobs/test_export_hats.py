"""A HATS export holds what the store holds; brought up to date it is as a new one; nobody sees half of one."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import dying
import export_store
import numpy as np
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from export_store import N_FRAME, ORPHANS, STARS, UNPLACED, add_night, made

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs import export_hats
from photdb.jobs.export_hats import MANIFEST, Choice, append, export
from photdb.output.hats_table import HEALPIX, read_properties
from photdb.output.whole_folder import recover
from photdb.sky import healpix
from photdb.store.database import Database

SMALL = Choice(rows=1000)
TABLES = ("objects", "sources", "objects_margin_10arcs", "sources_margin_10arcs")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return made(tmp_path_factory.mktemp("hats") / "s.duckdb")


@pytest.fixture
def mine(store, tmp_path):
    """A store of one's own to change."""
    return Path(shutil.copy(store, tmp_path / "s.duckdb"))


@pytest.fixture
def published(collection, tmp_path):
    """A collection of one's own to bring up to date."""
    return Path(shutil.copytree(collection, tmp_path / "c.hats"))


@pytest.fixture(scope="module")
def collection(store):
    folder = store.parent / "c.hats"
    with Database.open(store) as db:
        export(db, folder, SMALL)
    return folder


def read(folder: Path, table: str) -> list[dict[str, object]]:
    files = sorted((folder / table).rglob("Npix=*.parquet"))
    return [row for f in files for row in pq.read_table(f).to_pylist()]


def content(folder: Path) -> dict[str, object]:
    """Everything a collection says, but when it was written and how large its files are."""
    found: dict[str, object] = {t: {} for t in TABLES}
    for table in TABLES:
        for f in (folder / table).rglob("Npix=*.parquet"):
            found[table][str(f.relative_to(folder))] = pq.read_table(f)
    for f in folder.rglob("*properties"):
        found[str(f.relative_to(folder))] = {
            k: v for k, v in read_properties(f).items() if k not in ("hats_creation_date", "hats_estsize")
        }
    for f in [*folder.rglob("partition_info.csv"), *folder.rglob("skymap.fits")]:
        found[str(f.relative_to(folder))] = f.read_bytes()
    found["index"] = pq.read_table(folder / "objects_index_object_id/dataset/index/part.0.parquet")
    found["frames"] = pq.read_table(folder / "frames.parquet")
    found["manifest"] = json.loads((folder / MANIFEST).read_text())
    for table in TABLES:
        found[f"{table}/_metadata"] = pq.read_metadata(folder / table / "dataset/_metadata").num_rows
    return found


def test_every_light_curve_is_that_of_the_store(store, collection):
    objects = {row["object_id"]: row for row in read(collection, "objects")}
    with Database.open(store) as db:
        names = db.rows("SELECT * FROM lightcurve LIMIT 0").columns
        points = db.rows("SELECT * FROM lightcurve ORDER BY object_id, mjd_mid, frame_id").dicts()
    assert len(objects) == len({p["object_id"] for p in points}) == len(STARS) + 1
    found = [
        {"object_id": object_id} | {name: values[i] for name, values in row["lightcurve"].items()}
        for object_id, row in sorted(objects.items())
        for i in range(len(row["lightcurve"]["frame_id"]))
    ]
    assert len(found) == len(points)
    columns = set(found[0])
    assert columns == set(names) - {"target_id", "limit_3_mag", "noise", "is_limit"}
    assert found == [{k: p[k] for k in p if k in columns} for p in points]
    assert any(p["mag"] is None for p in found)
    assert {p["mag_system"] for p in found} == {"AB", "relative"}


def test_no_detection_is_lost_on_the_way(store, collection):
    with Database.open(store) as db:
        wanted = db.rows("SELECT skey, frame_id, ra, dec, flux FROM detection WHERE ra IS NOT NULL ORDER BY ALL").rows
        with_object = db.one("SELECT count(*) FROM detection WHERE object_id IS NOT NULL")
        facts = export(db, collection.parent / "again.hats", SMALL)
    sources = read(collection, "sources")
    skey = [s["object_id"] if s["object_id"] is not None else s[HEALPIX] for s in sources]
    found = sorted((k, s["frame_id"], s["ra"], s["dec"], s["flux"]) for k, s in zip(skey, sources, strict=True))
    assert found == wanted
    assert facts.n_point == with_object == sum(len(r["lightcurve"]["flux"]) for r in read(collection, "objects"))
    assert (facts.n_orphan, facts.n_unplaced) == (2 * (ORPHANS + UNPLACED), 2 * UNPLACED)
    assert "10 are among the sources, 6 have no position" in facts.lines()[1]


@pytest.mark.parametrize("table", ["objects", "sources"])
def test_a_row_is_in_the_partition_of_its_place_and_rows_are_sorted_by_it(collection, table):
    n = 0
    for file in (collection / table).rglob("Npix=*.parquet"):
        order, pixel = (int(part.split("=")[1].split(".")[0]) for part in (file.parts[-3], file.parts[-1]))
        rows = pq.read_table(file)
        cells = rows[HEALPIX].to_numpy()
        assert (cells == healpix(rows["ra"], rows["dec"])).all()
        assert (cells >> 2 * (29 - order) == pixel).all()
        assert (np.diff(cells) >= 0).all()
        n += 1
    assert n > 4


def test_some_detections_lie_in_another_partition_than_their_object(collection):
    where = {
        (t, row["object_id"]): f.name + f.parts[-3]
        for t in ("objects", "sources")
        for f in (collection / t).rglob("Npix=*.parquet")
        for row in pq.read_table(f, columns=["object_id"]).to_pylist()
    }
    away = [o for o in STARS if where["objects", o] != where["sources", o]]
    assert len(away) > 2


@pytest.mark.parametrize("table", ["objects", "sources"])
def test_the_margin_holds_all_that_is_near_and_nothing_from_within(collection, table):
    rows = read(collection, table)
    own = {(r["object_id"], r.get("frame_id"), r[HEALPIX]) for r in rows}
    n = 0
    for file in (collection / f"{table}_margin_10arcs").rglob("Npix=*.parquet"):
        order, pixel = (int(part.split("=")[1].split(".")[0]) for part in (file.parts[-3], file.parts[-1]))
        margin = pq.read_table(file).to_pylist()
        assert all(r[HEALPIX] >> 2 * (29 - order) != pixel for r in margin)
        assert {(r["object_id"], r.get("frame_id"), r[HEALPIX]) for r in margin} <= own
        n += len(margin)
    assert n >= 3 * 15  # each star about the corner belongs to the margins of three regions


def test_the_collection_says_where_it_comes_from(store, collection):
    found = read_properties(collection / "objects/hats.properties")
    assert found["hats_builder"].startswith("photdb v")
    assert found["photdb_mag_systems"] == "g:AB r:relative"
    assert "Not calibrated to any catalogue: r:relative" in found["obs_description"]
    assert found["photdb_calibrations"] == "1"
    assert found["photdb_frames"] == str(2 * 4 * N_FRAME)
    assert len(found["photdb_frames_sha256"]) == 64
    assert pq.read_table(collection / "frames.parquet").num_rows == 2 * 4 * N_FRAME
    facts = pq.read_metadata(collection / "objects/dataset/_common_metadata").metadata
    assert facts[b"IVOA.VOTable-Parquet.version"] == b"1.0"


def test_columns_have_units_and_meanings(collection):
    import io

    from astropy.io.votable import parse

    text = pq.read_metadata(collection / "objects/dataset/_common_metadata").metadata[b"IVOA.VOTable-Parquet.content"]
    table = parse(io.BytesIO(text), verify="exception").get_first_table()
    fields = {f.name: f for f in table.iter_fields_and_params()}
    schema = pq.read_schema(collection / "objects/dataset/_common_metadata")
    nested = {f"lightcurve.{f.name}" for f in schema.field("lightcurve").type}
    assert set(fields) - {"is_nested_column"} == {n for n in schema.names if n != "lightcurve"} | nested
    assert str(fields["lightcurve.flux_mjy"].unit) == "mJy"
    assert fields["ra"].ucd == "pos.eq.ra;meta.main"
    assert fields["lightcurve.bjd_tdb"].ref == "JD_TDB_BARYCENTER"
    assert "negative stays negative" in fields["lightcurve.flux"].description


def test_it_reads_as_one_dataset_that_knows_what_is_where(collection):
    dataset = ds.parquet_dataset(collection / "sources/dataset/_metadata")
    assert dataset.to_table(filter=ds.field("object_id") == next(iter(STARS))).num_rows > 0
    whole = pq.read_metadata(collection / "sources/dataset/_metadata")
    assert whole.num_rows == len(read(collection, "sources"))
    for i in range(whole.num_row_groups):
        column = whole.row_group(i).column(0)
        order, pixel = (int(p.split("=")[1].split(".")[0]) for p in column.file_path.split("/")[::2])
        assert column.statistics.min >> 2 * (29 - order) == column.statistics.max >> 2 * (29 - order) == pixel


def test_pieces_make_the_same_partitions(store, collection, tmp_path, monkeypatch):
    monkeypatch.setattr("photdb.jobs.export_hats_rows.PIECE", 200)
    with Database.open(store) as db:
        export(db, tmp_path / "p.hats", SMALL)
    for table in TABLES:
        a, b = (sorted(read(f, table), key=str) for f in (tmp_path / "p.hats", collection))
        assert a == b


def test_another_calibration_is_exported_and_said(store, tmp_path):
    with Database.open(store, calibration=2) as db:
        export(db, tmp_path / "c.hats", Choice(calibration=2))
        star = next(iter(STARS))
        wanted = db.rows(f"SELECT mag FROM lightcurve WHERE object_id = {star} ORDER BY mjd_mid").rows
    row = next(r for r in read(tmp_path / "c.hats", "objects") if r["object_id"] == star)
    assert [(m,) for m in row["lightcurve"]["mag"]] == wanted
    assert read_properties(tmp_path / "c.hats/objects/hats.properties")["photdb_calibrations"] == "2"


def test_a_choice_of_objects_and_band_is_exported_and_said(store, tmp_path):
    chosen = list(STARS)[:3]
    with Database.open(store) as db:
        found = export(db, tmp_path / "c.hats", Choice(band="g", selected="three stars"), objects=chosen)
    rows = read(tmp_path / "c.hats", "objects")
    assert {r["object_id"] for r in rows} == set(chosen)
    assert {b for r in rows for b in r["lightcurve"]["band"]} == {"g"}
    assert found.n_orphan == 0
    said = read_properties(tmp_path / "c.hats/collection.properties")["photdb_selection"]
    assert said == "three stars; band g"


# --- bringing up to date ---


def fresh(path: Path, folder: Path) -> dict[str, object]:
    """What a new export of a store says."""
    folder.mkdir()
    with Database.open(path) as db:
        export(db, folder / "c.hats", SMALL)
    return content(folder / "c.hats")


def test_a_new_night_gives_what_a_new_export_gives_and_leaves_the_rest_alone(mine, published, tmp_path):
    before = {f: f.stat().st_ino for f in (published / "objects").rglob("Npix=*.parquet")}
    with Database.open(mine, read_only=False) as db:
        add_night(db, 2, ("dense",))
    with Database.open(mine) as db:
        done = append(db, published)
    same(content(published), fresh(mine, tmp_path / "n"))
    kept = [f for f, inode in before.items() if f.exists() and f.stat().st_ino == inode]
    assert len(kept) == done.n_partition - done.n_written > 3
    assert done.n_written >= 1


def same(a: dict[str, object], b: dict[str, object]) -> None:
    assert set(a) == set(b)
    for key in a:
        assert a[key] == b[key], key


def test_a_second_time_changes_nothing(store, published):
    stamp = {f: f.stat().st_mtime_ns for f in published.rglob("*")}
    with Database.open(store) as db:
        assert append(db, published).n_written == 0
    assert {f: f.stat().st_mtime_ns for f in published.rglob("*")} == stamp


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE zeropoint SET zp = zp + 0.1 WHERE frame_id = 300",
        "UPDATE frame_calibration SET cal_id = 2 WHERE frame_id < 200",
        f"UPDATE object SET pm_ra = 5 WHERE object_id = {next(iter(STARS))}",
        "UPDATE detection_hot SET object_id = {1}, skey = {1} WHERE object_id = {0}".format(*STARS),
        "DELETE FROM detection_hot WHERE frame_id >= 1300",
        "UPDATE detection_hot SET flux_err = flux_err * 1.01 WHERE frame_id = 300",
        "UPDATE detection_hot SET ra = 190 WHERE frame_id = 303",
    ],
    ids=["zero point", "calibration", "object", "association", "withdrawn", "error", "place"],
)
def test_whatever_changed_in_the_store_reaches_the_collection(mine, published, tmp_path, change):
    with Database.open(mine, read_only=False) as db:
        db.execute(change)
    with Database.open(mine) as db:
        assert append(db, published).n_written > 0
    same(content(published), fresh(mine, tmp_path / "n"))


def test_a_collection_of_another_store_schema_or_choice_is_refused(store, mine, collection, tmp_path):
    other = mine
    with Database.open(other, read_only=False) as db:
        db.execute("UPDATE meta SET value = '2020-01-01' WHERE key = 'created_at'")
    with Database.open(other) as db, pytest.raises(InputError, match="made from another store"):
        append(db, collection)
    old = shutil.copytree(collection, tmp_path / "old.hats")
    found = json.loads((old / MANIFEST).read_text())
    (old / MANIFEST).write_text(json.dumps(found | {"schema_version": "1"}))
    part = tmp_path / "part.hats"
    with Database.open(store) as db:
        with pytest.raises(InputError, match="made with schema 1"):
            append(db, old)
        with pytest.raises(UsageError, match="follows the calibration in use"):
            append(db, collection, calibration=2)
        export(db, part, Choice(selected="one star"), objects=list(STARS)[:1])
        with pytest.raises(UsageError, match="holds only one star"):
            append(db, part)
        with pytest.raises(InputError, match="no such folder"):
            append(db, tmp_path / "nothing.hats")
        with pytest.raises(InputError, match="no HATS collection of photdb"):
            append(db, tmp_path)
        (old / MANIFEST).write_text("{")
        with pytest.raises(InputError, match="cannot be read"):
            append(db, old)


def test_a_store_is_made_of_a_collection_again_as_the_guide_says(store, collection, tmp_path, monkeypatch):
    guide = (Path(__file__).parents[2] / "docs/guides/export.md").read_text()
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "INSERT INTO" in block)
    shutil.copytree(collection, tmp_path / "survey.hats")
    monkeypatch.chdir(tmp_path)
    subprocess.run([sys.executable, "-c", code], check=True)
    with Database.open(store) as old, Database.open(tmp_path / "restored.duckdb") as new:
        for what in ("lightcurve", "detection", "object", "frame", "zeropoint", "run"):
            assert (
                new.rows(f"SELECT * FROM {what} ORDER BY ALL").rows
                == old.rows(f"SELECT * FROM {what} ORDER BY ALL").rows
            )


# --- what can go wrong ---


def test_a_folder_that_is_there_is_not_replaced_unless_asked(store, tmp_path):
    folder = tmp_path / "c.hats"
    folder.mkdir()
    (folder / "mine").write_text("x")
    with Database.open(store) as db:
        with pytest.raises(InputError, match="exists and is not empty"):
            export(db, folder, SMALL)
        export(db, folder, SMALL, overwrite=True)
    assert not (folder / "mine").exists()
    assert [f.name for f in tmp_path.iterdir()] == ["c.hats"]


def test_nothing_to_export_is_said(tmp_path):
    with Database.open(tmp_path / "s.duckdb", read_only=False, create=True) as db:
        with pytest.raises(NotFoundError, match="nothing to export"):
            export(db, tmp_path / "c.hats")
        with pytest.raises(UsageError, match="5 rows a partition"):
            export(db, tmp_path / "c.hats", Choice(rows=5))
    assert [f.name for f in tmp_path.iterdir()] == ["s.duckdb"]


def test_an_error_midway_leaves_nothing(store, collection, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = shutil.copytree(collection, tmp_path / "c.hats")
    before = sorted(f.name for f in folder.rglob("*"))
    monkeypatch.setattr(export_hats.PartitionFile, "write", full)
    with Database.open(store) as db:
        with pytest.raises(InputError, match="no space left on its disk"):
            export(db, tmp_path / "new.hats", SMALL)
        with pytest.raises(InputError, match="no space left"):
            export(db, folder, SMALL, overwrite=True)
    assert [f.name for f in tmp_path.iterdir()] == ["c.hats"]
    assert sorted(f.name for f in folder.rglob("*")) == before


def test_a_lost_row_is_noticed_and_nothing_is_published(store, tmp_path, monkeypatch):
    from photdb.errors import PhotdbError

    write = export_hats.PartitionFile.write
    monkeypatch.setattr(export_hats.PartitionFile, "write", lambda self, rows: write(self, rows.slice(1)))
    with Database.open(store) as db, pytest.raises(PhotdbError, match="nothing was published"):
        export(db, tmp_path / "c.hats", SMALL)
    assert list(tmp_path.iterdir()) == []


RUN = """
import sys
from pathlib import Path
from photdb.jobs.export_hats import Choice, append, export
from photdb.store.database import Database
with Database.open(sys.argv[1]) as db:
    if sys.argv[3] == "append":
        append(db, Path(sys.argv[2]))
    else:
        export(db, Path(sys.argv[2]), Choice(rows=1000), overwrite=True)
"""


@pytest.fixture(scope="module")
def later(store, tmp_path_factory):
    """The store with one more night, and what a collection of it says."""
    folder = tmp_path_factory.mktemp("later")
    path = Path(shutil.copy(store, folder / "s.duckdb"))
    with Database.open(path, read_only=False) as db:
        add_night(db, 2)
    return path, fresh(path, folder / "n")


def run_in(folder: Path, path: Path, collection: Path, what: str, at: tuple[str, int] = ("", 0)) -> list[str]:
    """Bring a copy of a collection up to date, perhaps until it dies; return what was done to files."""
    shutil.copytree(collection, folder / "c.hats")
    log = folder.with_name(f"{folder.name}.log")
    return dying.run(RUN, str(path), str(folder / "c.hats"), what, folder=folder, log=log, at=at)


@pytest.fixture(scope="module", params=["append", "overwrite"])
def undisturbed(request, later, collection, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    done = run_in(folder, later[0], collection, request.param)
    same(content(folder / "c.hats"), later[1])
    return request.param, done


#: Of what is done to files; the folder of before is moved aside by the first renaming, the new one appears by the next.
MOMENTS = {
    "when it begins to write": lambda n, aside, appears: 1,
    "half way": lambda n, aside, appears: aside // 2,
    "with all written": lambda n, aside, appears: aside,
    "while nothing has the name": lambda n, aside, appears: appears,
    "when the new one has it": lambda n, aside, appears: appears + 1,
    "while the old one is removed": lambda n, aside, appears: (appears + n) // 2,
    "at the end": lambda n, aside, appears: n - 1,
}


@pytest.mark.slow
@pytest.mark.parametrize("when", MOMENTS)
def test_a_killed_export_leaves_the_collection_of_before_or_the_new_one(later, undisturbed, collection, tmp_path, when):
    (path, after), (what, done), folder = later, undisturbed, tmp_path / "try" / "c.hats"
    aside, appears = (i for i, event in enumerate(done) if event == "os.rename")
    moment = MOMENTS[when](len(done), aside, appears)
    run_in(folder.parent, path, collection, what, (done[moment], done[: moment + 1].count(done[moment])))
    if moment == appears:
        assert not folder.exists()
        recover(folder)
    same(content(folder), content(collection) if moment <= appears else after)
    with Database.open(path) as db:
        append(db, folder)
    same(content(folder), after)
    assert [f.name for f in folder.parent.iterdir()] == ["c.hats"]


def test_what_a_killed_process_moved_aside_comes_back(store, collection, tmp_path):
    shutil.copytree(collection, tmp_path / ".c.hats.replaced-999999999")
    (tmp_path / ".c.hats.writing-999999999").mkdir()
    with Database.open(store) as db:
        append(db, tmp_path / "c.hats")
    assert [f.name for f in tmp_path.iterdir()] == ["c.hats"]
    same(content(tmp_path / "c.hats"), content(collection))


def test_the_store_of_these_tests_is_awkward(store):
    assert len(export_store.FIELDS) == 4
    with Database.open(store) as db:
        assert db.one("SELECT max(ra) > 359.9 AND min(ra) < 0.1 AND max(dec) > 89.9 FROM object")
