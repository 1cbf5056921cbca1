"""The whole path: folders of frames in, light curves out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from nights import content, lights, make, spoil, with_catalogue

from photdb.errors import InputError, StoreLockedError
from photdb.jobs import ingest as job
from photdb.jobs.ingest import ingest
from photdb.jobs.ingest_settings import IngestSettings, MaskCircle
from photdb.jobs.pool import Workers
from photdb.photometry.settings import MeasureSettings, PrimaryRule
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated nights with their catalogue."""
    return make(tmp_path_factory.mktemp("survey") / "survey", nights=2)


@pytest.fixture(scope="session")
def ingested(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with both nights, ingested one after the other."""
    store = with_catalogue(tmp_path_factory.mktemp("store") / "survey.duckdb", survey)
    for night in ("night-0", "night-1"):
        ingest([survey / night], store=store, workers=2)
    return store


@pytest.fixture
def copy(ingested: Path, tmp_path: Path) -> Path:
    """A store with both nights that may be changed."""
    store = tmp_path / "copy.duckdb"
    shutil.copy(ingested, store)
    shutil.copytree(ingested.with_name("survey.files"), tmp_path / "copy.files")
    return store


def one(store: Path, sql: str) -> object:
    with Database.open(store) as db:
        return db.one(sql)


def frame(store: Path, name: str) -> dict[str, object]:
    with Database.open(store) as db:
        found = db.rows("SELECT * FROM frame WHERE path LIKE '%/' || $name", {"name": name}).dicts()
    assert len(found) == 1, found
    return found[0]


def test_every_frame_is_measured_solved_and_calibrated(ingested):
    with Database.open(ingested) as db:
        rows = db.rows("SELECT state, wcs_kind, bias_id, dark_id, flat_id FROM frame").rows
        assert len(rows) == 10
        for state, kind, *masters in rows:
            assert (state, kind) == ("ok", "solved")
            assert None not in masters
        assert db.audit() == {}
        assert db.one("SELECT count(DISTINCT frame_id) FROM zeropoint_active WHERE mag_system = 'AB'") == 10


def test_light_curves_follow_the_true_ones(survey, ingested):
    with Database.open(ingested) as db:
        found = db.polars(
            "SELECT l.*, f.path, o.ra, o.dec FROM lightcurve AS l JOIN frame AS f USING (frame_id) "
            "JOIN object AS o USING (object_id)"
        )
    truth = pl.read_csv(survey / "truth/lightcurves.csv")
    pulls, apart = [], []
    for (file,), true in truth.group_by("file"):
        mine = found.filter(
            pl.col("path").str.ends_with(str(file)) & (pl.col("flags") == 0) & pl.col("mag").is_not_null()
        )
        d = np.hypot(
            (mine["ra"].to_numpy()[:, None] - true["ra"].to_numpy()) * np.cos(np.radians(true["dec"].to_numpy())),
            mine["dec"].to_numpy()[:, None] - true["dec"].to_numpy(),
        )
        j = d.argmin(axis=1)
        near = d.min(axis=1) * 3600 < 1.5
        apart += list(d.min(axis=1)[near] * 3600)
        error = np.hypot(mine["mag_err"].to_numpy(), 0.02)
        pulls += list(((mine["mag"].to_numpy() - true["mag"].to_numpy()[j]) / error)[near])
    assert len(pulls) > 300
    assert np.median(apart) < 0.1
    assert abs(np.median(pulls)) < 0.5
    assert 1.4826 * np.median(np.abs(pulls)) < 1.5


def test_a_star_keeps_its_object_from_night_to_night(ingested):
    nights = one(
        ingested,
        "SELECT count(*) FROM (SELECT object_id FROM detection JOIN frame USING (frame_id) "
        "GROUP BY object_id HAVING count(DISTINCT night) = 2 AND count(*) = 10)",
    )
    assert nights >= 40


def test_ingesting_again_adds_nothing_and_hashes_nothing(survey, copy, monkeypatch):
    before = content(copy)
    monkeypatch.setattr("photdb.jobs.inventory.sha256_of", lambda _: pytest.fail("hashed again"))
    summary = ingest([survey], store=copy, workers=1)
    assert summary.n_frames == 0
    assert summary.n_known == 10
    assert content(copy) == before


def test_the_order_of_commands_is_all_that_workers_may_depend_on(survey, ingested, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "Workers", Workers)  # a process, as two of them made the other store
    store = with_catalogue(tmp_path / "one.duckdb", survey)
    for night in ("night-0", "night-1"):
        ingest([survey / night], store=store, workers=1)
    assert content(store) == content(ingested)


def test_the_users_files_are_never_touched(survey, ingested):
    stamps = {p: p.stat().st_mtime_ns for p in survey.rglob("*.fits")}
    assert max(stamps.values()) < ingested.stat().st_mtime_ns
    assert not list(survey.rglob("*.tmp"))


def test_reprocessing_keeps_ids_and_changes_what_was_asked(survey, copy):
    before = content(copy)
    settings = IngestSettings(measure=MeasureSettings(primary=PrimaryRule("arcsec", 20.0)))
    ingest([survey / "night-1"], store=copy, workers=1, settings=settings, reprocess=True)
    after = content(copy)
    assert [r[:2] for r in after["frame"]] == [r[:2] for r in before["frame"]]
    radius = {
        r[0]
        for r in _rows(
            copy, "SELECT round(primary_radius_px, 3) FROM frame WHERE night = (SELECT max(night) FROM frame)"
        )
    }
    assert radius == {5.0} or all(abs(r - 5.0) < 0.05 for r in radius)
    assert {r[0] for r in before["object"]} <= {r[0] for r in after["object"]}
    with Database.open(copy) as db:
        assert db.audit() == {}
        assert db.one("SELECT count(*) FROM frame_calibration") == 10


def _rows(store: Path, sql: str) -> list[tuple[object, ...]]:
    with Database.open(store) as db:
        return db.rows(sql).rows


def test_a_copy_under_another_name_is_a_row_with_its_reason(survey, copy, tmp_path):
    folder = tmp_path / "again"
    folder.mkdir()
    shutil.copy(lights(survey)[0], folder / "renamed.fits")
    n = one(copy, "SELECT count(*) FROM detection")
    summary = ingest([folder], store=copy, workers=1)
    assert summary.n_duplicate == 1
    row = frame(copy, "renamed.fits")
    assert row["state"] == "rejected"
    assert "same content" in str(row["reason"])
    assert one(copy, "SELECT count(*) FROM detection") == n
    ingest([folder], store=copy, workers=1)
    assert frame(copy, "renamed.fits")["frame_id"] == row["frame_id"]


def test_files_that_were_moved_are_followed(survey, copy, tmp_path):
    first = tmp_path / "first"
    shutil.copytree(survey / "night-0", first)
    store = with_catalogue(tmp_path / "moved.duckdb", survey)
    ingest([first], store=store, workers=1)
    (tmp_path / "second").mkdir()
    first.rename(tmp_path / "second" / "night")
    summary = ingest([tmp_path / "second"], store=store, workers=1)
    assert (summary.n_frames, summary.n_duplicate) == (0, 0)
    assert {Path(str(r[0])).parent.name for r in _rows(store, "SELECT path FROM frame")} == {"night"}


def test_a_killed_run_resumes_from_what_was_staged(survey, tmp_path, monkeypatch):
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    monkeypatch.setattr(job, "commit_night", _fail)
    with pytest.raises(RuntimeError, match="killed here"):
        ingest([survey / "night-0"], store=store, workers=1)
    assert one(store, "SELECT count(*) FROM frame") == 0
    monkeypatch.undo()
    monkeypatch.setattr("photdb.jobs.measure_night.measure_frame", _fail)
    ingest([survey / "night-0"], store=store, workers=1)
    assert one(store, "SELECT count(*) FROM frame WHERE state = 'ok'") == 5
    assert {r[0] for r in _rows(store, "SELECT state FROM run WHERE command = 'ingest'")} == {"failed", "done"}
    assert not store.with_name("a.files").joinpath("staging").exists()


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("killed here")


def test_frames_committed_but_not_calibrated_are_calibrated_by_the_next_run(survey, tmp_path, monkeypatch):
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    monkeypatch.setattr(job.zeropoint, "calibrate", _fail)
    with pytest.raises(RuntimeError, match="killed here"):
        ingest([survey / "night-0"], store=store, workers=1)
    assert one(store, "SELECT count(*) FROM frame WHERE state = 'ok'") == 5
    monkeypatch.undo()
    ingest([survey / "night-0"], store=store, workers=1)
    assert one(store, "SELECT count(*) FROM frame_calibration") == 5


@pytest.fixture(scope="session")
def battered(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a night in which all sorts of things went wrong."""
    folder = tmp_path_factory.mktemp("battered") / "night"
    shutil.copytree(survey / "night-0", folder)
    good = lights(survey)[0]
    with fits.open(good) as hdus:
        pixels = hdus[0].data.astype(np.float32)
    rng = np.random.default_rng(1)
    raw = good.read_bytes()
    (folder / "truncated.fits").write_bytes(raw[: len(raw) // 2])
    (folder / "text.fits").write_text("this is not an image\n" * 200)
    (folder / "empty.fits").touch()
    spoil(good, folder / "spectrum.fits", data=pixels[0])
    spoil(good, folder / "cube.fits", data=np.stack([pixels, pixels]))
    spoil(good, folder / "nan.fits", data=np.full_like(pixels, np.nan))
    spoil(good, folder / "constant.fits", data=np.full_like(pixels, 1200))
    spoil(good, folder / "saturated.fits", data=np.full_like(pixels, 65535) - rng.integers(0, 5, pixels.shape))
    spoil(good, folder / "noexptime.fits", drop=("EXPTIME",))
    spoil(good, folder / "nodate.fits", drop=("DATE-OBS",))
    spoil(good, folder / "nofilter.fits", data=pixels, drop=("FILTER",))
    spoil(good, folder / "impossible.fits", DATE_OBS="2025-02-31T01:00:00")
    spoil(good, folder / "nostars.fits", data=rng.normal(1500, 12, pixels.shape).astype(np.float32))
    spoil(good, folder / "smaller.fits", data=pixels[:200, :250])
    spoil(good, folder / "othercamera.fits", data=pixels, INSTRUME="OTHERCAM", TELESCOP="Other")
    store = with_catalogue(folder.parent / "battered.duckdb", survey)
    ingest([folder], store=store, workers=2)
    return store


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("truncated.fits", "cut short|truncated|bytes"),
        ("text.fits", "not (a )?FITS|text"),
        ("empty.fits", "empty|0 bytes|zero"),
        ("spectrum.fits", "ax"),
        ("cube.fits", "ax"),
        ("nan.fits", "NaN"),
        ("constant.fits", "1200"),
        ("saturated.fits", "saturated"),
        ("noexptime.fits", "EXPTIME"),
        ("nodate.fits", "DATE-OBS"),
        ("impossible.fits", "2025-02-31"),
        ("nostars.fits", "source|star"),
    ],
)
def test_a_frame_that_cannot_be_used_is_a_row_with_its_reason(battered, name, reason):
    import re

    row = frame(battered, name)
    assert row["state"] == "failed"
    assert re.search(reason, str(row["reason"]), re.IGNORECASE), row["reason"]


def test_the_night_goes_on_around_bad_frames(battered):
    ok = {Path(str(r[0])).name for r in _rows(battered, "SELECT path FROM frame WHERE state = 'ok'")}
    assert {f"light-r-{i:03d}.fits" for i in range(5)} <= ok
    assert {"nofilter.fits", "smaller.fits"} <= ok
    assert "unknown" in str(frame(battered, "nofilter.fits")["band"])
    with Database.open(battered) as db:
        assert db.audit() == {}


def test_a_frame_that_came_reduced_is_not_reduced_again(survey, copy, tmp_path):
    spoil(lights(survey)[0], tmp_path / "reduced.fits", OBSERVER="somebody", TELESCOP="Other", CALSTAT="BDF")
    ingest([tmp_path / "reduced.fits"], store=copy, workers=1)
    row = frame(copy, "reduced.fits")
    assert (row["state"], row["bias_id"], row["flat_id"]) == ("ok", None, None)
    assert any("reduced already" in text for text in row["warnings"])


def test_a_colour_mosaic_is_measured_with_a_warning(survey, copy, tmp_path):
    spoil(lights(survey)[0], tmp_path / "bayer.fits", TELESCOP="Other", BAYERPAT="RGGB")
    ingest([tmp_path / "bayer.fits"], store=copy, workers=1)
    assert any("mosaic (RGGB)" in text for text in frame(copy, "bayer.fits")["warnings"])


def test_failed_frames_are_retried_only_when_asked(survey, tmp_path, monkeypatch):
    folder = tmp_path / "night"
    folder.mkdir()
    for path in lights(survey)[:2]:
        shutil.copy(path, folder)
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    settings = IngestSettings(measure=MeasureSettings(min_stars=100_000))
    with pytest.raises(InputError, match="none of 2"):
        ingest([folder], store=store, workers=1, settings=settings)
    assert ingest([folder], store=store, workers=1).n_frames == 0
    ids = _rows(store, "SELECT frame_id FROM frame ORDER BY 1")
    assert ingest([folder], store=store, workers=1, retry=True).n_ok == 2
    assert _rows(store, "SELECT frame_id FROM frame ORDER BY 1") == ids


def test_a_folder_without_frames_says_so(tmp_path):
    (tmp_path / "notes.txt").write_text("clouds")
    with pytest.raises(InputError, match="no FITS file"):
        ingest([tmp_path], store=tmp_path / "a.duckdb")


def test_an_unreadable_file_is_a_row_and_is_tried_again(survey, tmp_path, monkeypatch):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    folder = tmp_path / "night"
    folder.mkdir()
    for path in lights(survey)[:2]:
        shutil.copy(path, folder)
    hidden = folder / lights(survey)[0].name
    hidden.chmod(0)
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    ingest([folder], store=store, workers=1)
    assert "permission" in str(frame(store, hidden.name)["reason"]).lower()
    hidden.chmod(0o644)
    ingest([folder], store=store, workers=1, retry=True)
    assert frame(store, hidden.name)["state"] == "ok"


def test_a_file_that_was_cut_short_and_is_copied_again_takes_the_place_of_its_failure(survey, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    good, other = lights(survey)[:2]
    shutil.copy(other, folder)
    (folder / "late.fits").write_bytes(good.read_bytes()[:20_000])
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    ingest([folder], store=store, workers=1)
    assert frame(store, "late.fits")["state"] == "failed"
    shutil.copy(good, folder / "late.fits")
    assert ingest([folder], store=store, workers=1).n_ok == 1
    assert frame(store, "late.fits")["state"] == "ok"


def test_two_ingests_into_one_store_do_not_mix(survey, ingested, tmp_path):
    from photdb.jobs.writer import sole_ingest

    store = tmp_path / "a.duckdb"
    with sole_ingest(store), pytest.raises(StoreLockedError, match=str(os.getpid())):
        ingest([survey / "night-0"], store=store)


def test_a_full_disk_costs_the_frame_and_says_so(survey, tmp_path, monkeypatch):
    from photdb.jobs import measure_frame as worker

    monkeypatch.setattr(worker, "write_staged", _disk_full)
    task = worker.FrameTask(_header(lights(survey)[0]), "key", tmp_path / "staging", IngestSettings(), ())
    staged = worker.measure_frame(task)
    assert staged.facts["state"] == "failed"
    assert "No space left" in staged.facts["reason"]


def _disk_full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def _header(path: Path) -> object:
    from photdb.ingest.header import read_frames
    from photdb.ingest.telescope import load_telescopes

    return read_frames(path, load_telescopes())[0]


def test_without_a_catalogue_frames_are_registered_to_each_other_and_marked_rough(survey, tmp_path):
    folder = tmp_path / "night"
    folder.mkdir()
    for path in lights(survey)[:3]:
        shutil.copy(path, folder)
    store = tmp_path / "rough.duckdb"
    ingest([folder], store=store, workers=1)
    assert _rows(store, "SELECT DISTINCT wcs_kind, state FROM frame") == [("rough", "ok")]
    assert one(store, "SELECT count(*) FROM object WHERE n_detections = 3") > 30
    assert _rows(store, "SELECT DISTINCT mag_system FROM lightcurve") == [("relative",)]
    ingest(lights(survey, 1)[:3], store=store, workers=1)
    assert _rows(store, "SELECT DISTINCT wcs_kind, state FROM frame") == [("rough", "ok")]
    assert one(store, "SELECT count(*) FROM object WHERE n_detections = 6") > 30


def test_without_wcs_there_are_instrumental_fluxes_and_no_objects(survey, tmp_path):
    store = tmp_path / "instrumental.duckdb"
    ingest([lights(survey)[0]], store=store, workers=1, settings=IngestSettings(solve=False))
    assert one(store, "SELECT count(*) FROM detection WHERE flux > 0 AND object_id IS NULL AND ra IS NULL") > 30
    assert one(store, "SELECT count(*) FROM object") == 0


def test_a_masked_place_is_not_measured(survey, ingested, tmp_path):
    ((ra, dec),) = _rows(
        ingested,
        "SELECT o.ra, o.dec FROM object AS o JOIN detection AS d USING (object_id) GROUP BY ALL "
        "ORDER BY max(d.flux) DESC LIMIT 1",
    )
    store = with_catalogue(tmp_path / "masked.duckdb", survey)
    settings = IngestSettings(mask_circles=(MaskCircle(float(ra), float(dec), 20.0),))
    ingest([lights(survey)[0]], store=store, workers=1, settings=settings)
    with Database.open(store) as db:
        assert db.rows("FROM cone($ra, $dec, 10)", {"ra": ra, "dec": dec}).rows == []
        assert db.one("SELECT count(*) FROM object") > 40


def test_maps_are_written_and_can_be_given_back(survey, tmp_path):
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    light = lights(survey)[0]
    out = tmp_path / "maps"
    ingest([light], store=store, workers=1, settings=IngestSettings(background_map=out, noise_map=out))
    back, noise = (next(out.glob(f"*.{kind}.fits")) for kind in ("back", "noise"))
    assert fits.getdata(back).shape == fits.getdata(light).shape
    again = with_catalogue(tmp_path / "b.duckdb", survey)
    given = IngestSettings(background_map=back, noise_map=noise)
    ingest([light], store=again, workers=1, settings=given)
    ours, theirs = content(store)["detection"], content(again)["detection"]
    assert abs(len(ours) - len(theirs)) <= 1


@pytest.mark.parametrize("kind", ["night-fwhm", "growth"])
def test_the_primary_aperture_of_a_night_is_one_for_all_its_frames(survey, tmp_path, kind):
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    rule = PrimaryRule("growth", None) if kind == "growth" else PrimaryRule("night-fwhm", 3.0)
    ingest(lights(survey)[:3], store=store, workers=1, settings=IngestSettings(measure=MeasureSettings(primary=rule)))
    radii = _rows(store, "SELECT DISTINCT primary_radius_px FROM frame")
    assert len(radii) == 1
    assert 2.0 < float(radii[0][0]) < 15.0


def test_the_grid_of_apertures_has_a_place_for_each_and_null_where_too_small(survey, tmp_path):
    store = with_catalogue(tmp_path / "a.duckdb", survey)
    settings = IngestSettings(measure=MeasureSettings(apertures="grid"))
    ingest([lights(survey)[0]], store=store, workers=1, settings=settings)
    assert one(store, "SELECT count(*) FROM aperture WHERE aperture_id > 0") == 52
    with Database.open(store) as db:
        radius = db.one("SELECT aper_radius_px FROM frame")
        flux = db.rows("SELECT aper_flux FROM detection WHERE flags = 0 ORDER BY flux DESC LIMIT 1").rows[0][0]
    assert len(radius) == len(flux) == 52
    assert [r is None for r in radius] == [f is None for f in flux]
    assert min(r for r in radius if r is not None) >= 1.99


@pytest.mark.slow
def test_hatp32_from_raw_frames(shared_data, tmp_path):
    from photdb.jobs import refcat

    store = tmp_path / "hatp32.duckdb"
    refcat.add(shared_data / "refcat/tycho2_hatp32.csv", "tycho2", store=store)
    summary = ingest([shared_data / "hatp32"], store=store)
    assert summary.n_ok == 142
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM frame WHERE wcs_kind = 'solved'") == 142
        assert db.one("SELECT median(wcs_rms_arcsec) FROM frame") < 0.75
        assert db.audit() == {}


def test_what_a_killed_ingest_left_undone_after_its_last_commit_is_done_by_the_next(survey, tmp_path, monkeypatch):
    calm = with_catalogue(tmp_path / "calm.duckdb", survey)
    night = [survey / "night-0"]
    ingest(night, store=calm, workers=2)
    store = with_catalogue(tmp_path / "s.duckdb", survey)
    with monkeypatch.context() as patch:
        patch.setattr(job, "update_links", _killed)
        with pytest.raises(KeyboardInterrupt):
            ingest(night, store=store, workers=2)
    for _ in range(2):
        ingest(night, store=store, workers=2)
    assert content(store) == content(calm)
    assert one(store, "SELECT count(*) FROM detection WHERE flags & 1024 <> 0") == one(
        calm, "SELECT count(*) FROM detection WHERE flags & 1024 <> 0"
    )


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
