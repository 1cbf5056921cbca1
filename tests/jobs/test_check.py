"""A deep check finds damage in the file, in the master frames, and measurements that are not those of the pixels."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nights import make, with_catalogue

from photdb.cli.app import run
from photdb.errors import InputError
from photdb.jobs.check import damaged_masters, read_everything
from photdb.jobs.check_pixels import rederive
from photdb.jobs.ingest import ingest
from photdb.jobs.ingest_settings import IngestSettings, MaskCircle
from photdb.photometry.settings import MeasureSettings, PrimaryRule
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night measured with an aperture from the growth curve and a masked place."""
    folder = tmp_path_factory.mktemp("check")
    make(folder / "survey", nights=1)
    store = with_catalogue(folder / "survey.duckdb", folder / "survey")
    circle = MaskCircle(41.58, -30.27, 20.0)  # near the middle of the field
    settings = IngestSettings(measure=MeasureSettings(primary=PrimaryRule.parse("growth")), mask_circles=(circle,))
    ingest([folder / "survey"], store=store, settings=settings, workers=2)
    return store


@pytest.fixture
def store(night: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged; its frames are those of the night."""
    shutil.copy(night, tmp_path / "copy.duckdb")
    shutil.copytree(night.with_name("survey.files"), tmp_path / "copy.files")
    return tmp_path / "copy.duckdb"


def change(store: Path, sql: str) -> None:
    with Database.open(store, read_only=False) as db:
        db.execute(sql)


def test_a_sound_store_gives_the_same_sources_from_its_pixels(store, capsys):
    assert run(["check", "--deep", "--frames", "5", "--db", str(store)]) == 0
    said = capsys.readouterr().err
    assert "5 frames derived again: the same" in said
    assert "every block read" in said


def test_a_flux_that_is_not_that_of_the_pixels_is_found(store, capsys):
    change(store, "UPDATE detection_hot SET flux = flux + flux_err WHERE frame_id = 2 AND flux > 0")
    with Database.open(store) as db:
        found = {f.frame_id: f for f in rederive(db, 5)}
    assert not found[2].is_same
    assert found[2].worst_sigma == pytest.approx(1.0, abs=0.01)
    assert all(f.is_same for f in found.values() if f.frame_id != 2)
    assert run(["check", "--deep", "--frames", "5", "--db", str(store)]) == 4
    assert "frame 2" in capsys.readouterr().err


def test_an_aperture_a_flag_and_a_lost_source_are_found(store):
    none = "list_transform(aper_flux, lambda v: v * 0)"
    change(store, f"UPDATE detection_hot SET aper_flux = {none} WHERE frame_id = 1 AND flux > 0")
    change(store, "UPDATE detection_hot SET flags = flags | 4 WHERE frame_id = 3")
    change(store, "DELETE FROM detection_hot WHERE frame_id = 4 AND flux > (SELECT median(flux) FROM detection_hot)")
    with Database.open(store) as db:
        found = {f.frame_id: f for f in rederive(db, 5)}
    assert found[1].n_changed
    assert found[3].n_changed
    assert found[4].n_new
    assert not found[4].n_changed


def test_a_frame_that_is_gone_or_another_is_said_and_costs_no_other(store, tmp_path):
    here = tmp_path / "moved.fits"
    with Database.open(store, read_only=False) as db:
        path = Path(str(db.one("SELECT path FROM frame WHERE frame_id = 2")))
        shutil.copy(path, here)
        with here.open("ab") as stream:
            stream.write(b" " * 2880)
        db.execute("UPDATE frame SET path = '/nowhere/a.fits' WHERE frame_id = 1")
        db.execute("UPDATE frame SET path = $path WHERE frame_id = 2", path=str(here))
    with Database.open(store) as db:
        found = {f.frame_id: f for f in rederive(db, 5)}
    assert "no such file" in found[1].why_not
    assert "not what was measured" in found[2].why_not
    assert all(f.is_same for f in found.values() if f.frame_id > 2)


def test_another_seed_takes_other_frames(store):
    with Database.open(store) as db:
        samples = {tuple(f.frame_id for f in rederive(db, 2, seed=seed)) for seed in range(4)}
    assert len(samples) > 1


def test_a_changed_master_is_found(store):
    master = next((store.parent / "copy.files" / "masters").glob("flat*"))
    with Database.open(store) as db:
        assert damaged_masters(db) == []
        with master.open("ab") as stream:
            stream.write(b"x")
        (found,) = damaged_masters(db)
        assert master.name in found.what
        master.unlink()
        assert "is not there" in damaged_masters(db)[0].what


def test_a_flipped_byte_is_noticed_wherever_it_changes_anything(store):
    """DuckDB compares a block with its checksum when it is read; blocks that are free may hold what they like."""
    sound = store.read_bytes()
    before = contents(store)
    noticed = 0
    for place in range(4096 * 3 + 1000, len(sound), 262_144):
        store.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        try:
            same = contents(store) == before
        except InputError as error:
            noticed += "damaged" in error.what and bool(error.hint)
            same = True
        assert same
    assert noticed >= 5


def test_damage_is_an_error_with_a_way_back(store, capsys):
    sound = store.read_bytes()
    for place in range(4096 * 3 + 1000, len(sound), 262_144):
        store.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        if run(["check", "--deep", "--frames", "0", "--db", str(store)]) == 4:
            break
    said = capsys.readouterr().err
    assert "the file is damaged" in said
    assert "photdb snapshot" in said


def contents(store: Path) -> dict[str, tuple[int, int]]:
    with Database.open(store) as db:
        return dict(read_everything(db))
