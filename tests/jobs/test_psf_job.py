"""PSF models of frames, PSF fluxes of detections, and their zero points."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from nights import lights, make, spoil, with_catalogue

from photdb import query
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs import frame_psf, psf, zeropoint_versions
from photdb.jobs.check_pixels import rederive
from photdb.jobs.compact import compact
from photdb.jobs.forced import forced
from photdb.jobs.forced_asked import Asked
from photdb.jobs.frame_psf import psf_table
from photdb.jobs.import_files import import_files
from photdb.jobs.ingest import ingest
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.zeropoint import calibrate_store
from photdb.output import formats
from photdb.photometry.psf import Psf
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")

FIT = IngestSettings(psf=True)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of two frames."""
    return make(tmp_path_factory.mktemp("survey"), frames=2, calibrations=2)


def ingested(survey: Path, store: Path, settings: IngestSettings) -> Path:
    """Ingest the night into a store of its own."""
    ingest([survey], store=with_catalogue(store, survey), settings=settings, workers=1)
    return store


@pytest.fixture(scope="module")
def fitted(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The night with PSF fluxes; only read."""
    return ingested(survey, tmp_path_factory.mktemp("fitted") / "s.duckdb", FIT)


@pytest.fixture(scope="module")
def plain(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The night without; only read."""
    return ingested(survey, tmp_path_factory.mktemp("plain") / "s.duckdb", IngestSettings())


def copied(store: Path, folder: Path) -> Path:
    """Return a copy of a store that may be changed."""
    shutil.copytree(store.parent, folder / "copy")
    return folder / "copy" / store.name


def asked(store: Path, sql: str) -> list[tuple]:
    """Ask a store."""
    with Database.open(store) as db:
        return db.rows(sql).rows


def test_every_frame_keeps_a_moffat_profile_whose_width_is_that_of_the_frame(plain):
    rows = asked(
        plain,
        "SELECT p.kind, p.in_use, p.n_star, sqrt(p.fwhm_x * p.fwhm_y) / f.fwhm_px, p.fwhm_y / p.fwhm_x, p.beta "
        "FROM frame_psf AS p JOIN frame AS f USING (frame_id)",
    )
    assert len(rows) == 2
    for kind, in_use, n_star, width, roundness, beta in rows:
        assert (kind, in_use) == ("moffat", False)
        assert n_star >= 10
        assert width == pytest.approx(1.0, abs=0.03)
        assert 0.97 < roundness <= 1.0
        assert 2.5 < beta < 4.5


def test_nothing_is_fitted_where_nobody_asked(plain):
    assert asked(plain, "SELECT count(*), count(flux_psf), count(flux_psf_err) FROM detection")[0][1:] == (0, 0)
    assert asked(plain, "SELECT count(*) FROM zeropoint WHERE aperture_id = -2") == [(0,)]


def test_fitted_fluxes_give_the_true_magnitudes_with_their_own_zero_points(survey, fitted):
    assert asked(fitted, "SELECT kind, in_use, count(*) FROM frame_psf GROUP BY ALL ORDER BY 1") == [
        ("empirical", True, 2), ("moffat", False, 2),
    ]  # fmt: skip
    rows = asked(
        fitted,
        "SELECT m.mag, z.zp - 2.5 * log10(d.flux_psf), p.zp - 2.5 * log10(d.flux), "
        "1.0857 * sqrt((d.flux_psf_err / d.flux_psf) ** 2 + (d.flux_err / d.flux) ** 2) "
        "FROM detection AS d JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = -2 "
        "JOIN zeropoint_active AS p ON p.frame_id = d.frame_id AND p.aperture_id = 0 "
        "JOIN object AS o USING (object_id) JOIN refmag AS m ON m.source_id = o.ref_source_id AND m.band = 'r' "
        "WHERE d.flux_psf > 20 * d.flux_psf_err AND d.flags = 0",
    )
    true, mag, primary, error = np.array(rows).T
    assert len(true) > 60
    assert abs(np.median(mag - true)) < 0.008
    assert 1.4826 * np.median(np.abs(mag - true)) < 0.06  # the stars' colours, not corrected for
    assert abs(np.median(mag - primary)) < 0.005
    assert np.quantile(np.abs(mag - primary) / error, 0.68) < 1.0  # they share their photons
    zero = asked(
        fitted, "SELECT n_star, reason, limit_mag > 15 FROM zeropoint_active WHERE aperture_id = -2 ORDER BY frame_id"
    )
    assert [(n > 20, reason, deep) for n, reason, deep in zero] == [(True, None, True)] * 2


def test_faint_stars_have_smaller_errors_than_in_the_primary_aperture(fitted):
    ratio = asked(
        fitted,
        "SELECT median((flux_psf_err / flux_psf) / (flux_err / flux)) FROM detection "
        "WHERE flux / flux_err BETWEEN 8 AND 40 AND flux_psf > 0 AND flags = 0",
    )[0][0]
    assert ratio < 0.87


def test_the_zero_point_that_stars_shift_is_the_one_that_is_fitted(fitted, tmp_path):
    store = copied(fitted, tmp_path)
    sql = "SELECT frame_id, zp, zp_err, limit_mag FROM zeropoint_active WHERE aperture_id = -2 ORDER BY 1"
    before = asked(store, sql)
    with Database.open(store, read_only=False) as db:
        db.execute("DELETE FROM zeropoint WHERE aperture_id = -2")
        db.job("zeropoint_of_psf", frame_ids=[row[0] for row in before])
        db.job("zeropoint_of_psf", frame_ids=[row[0] for row in before])  # what is there is not made again
    after = asked(store, sql)
    assert [row[0] for row in after] == [row[0] for row in before]
    for (_, fit, fit_err, limit), (_, shifted, error, other) in zip(before, after, strict=True):
        assert shifted == pytest.approx(fit, abs=4 * float(np.hypot(error, fit_err)))
        assert abs(shifted - fit) < 0.01
        assert other - limit == pytest.approx(shifted - fit, abs=1e-9)
    said = asked(store, "SELECT DISTINCT reason FROM zeropoint WHERE aperture_id = -2")
    assert all("the primary aperture's, shifted by" in reason for (reason,) in said)


def test_a_model_that_is_built_later_brings_its_zero_points_to_every_calibration(plain, tmp_path):
    store = copied(plain, tmp_path)
    with Database.open(store, read_only=False) as db:
        first = calibrate_store(db).cal_id
        assert db.one("SELECT count(*) FROM zeropoint WHERE aperture_id = -2") == 0
    with Database.open(store) as db:
        frame = psf.frame_of(db, "1")
        assert psf.stored_model(db, frame, None) is None  # the first look is not one that fluxes are of
    model = psf.build(store, frame, frame.measured(), "empirical")
    with Database.open(store, read_only=False) as db:
        calibrations = db.rows("SELECT cal_id FROM zeropoint WHERE aperture_id = -2 ORDER BY 1").rows
        assert calibrations == [(first - 1,), (first,)]
        again = psf.stored_model(db, frame, None)
        assert again is not None
        place = [10.3, 150.2], [20.1, 160.7]
        np.testing.assert_allclose(again.stamps(*place, 8), model.stamps(*place, 8), atol=1e-7)
        zeropoint_versions.measure_quality(db, first)
        done = calibrate_store(db)
        rows = db.rows("SELECT frame_id, aperture_id FROM zeropoint WHERE cal_id = $c AND aperture_id = -2",
                       {"c": done.cal_id}).rows  # fmt: skip
        assert rows == [(1, -2)]


def test_forced_psf_fluxes_bring_the_model_and_the_zero_point_they_need(plain, tmp_path):
    store = copied(plain, tmp_path)
    star = asked(store, "SELECT object_id FROM object WHERE n_detections = 2 ORDER BY ref_source_id LIMIT 1")[0][0]
    forced(store, objects=(star,), asked=Asked(psf=True), workers=1)
    assert asked(store, "SELECT frame_id, kind, zp_shift IS NOT NULL FROM frame_psf WHERE in_use ORDER BY 1") == [
        (1, "empirical", True), (2, "empirical", True),
    ]  # fmt: skip
    with Database.open(store) as db:
        curve = query.light_curve(db, star, aperture_id=-2).arrow().to_pylist()
        primary = query.light_curve(db, star).arrow().to_pylist()
    assert [row["kind"] for row in curve] == ["forced", "forced"]  # no detection has a PSF flux
    assert [row["kind"] for row in primary] == ["detected", "detected"]
    for one, other in zip(curve, primary, strict=True):
        assert one["mag"] == pytest.approx(other["mag"], abs=0.02 + 5 * float(np.hypot(one["mag_err"], one["zp_err"])))


def test_measuring_again_replaces_models_and_fluxes(survey, fitted, tmp_path):
    store = copied(fitted, tmp_path)
    ingest([survey], store=store, workers=1, reprocess=True)
    assert asked(store, "SELECT kind, count(*) FROM frame_psf GROUP BY ALL") == [("moffat", 2)]
    assert asked(store, "SELECT count(flux_psf) FROM detection") == [(0,)]
    assert asked(store, "SELECT count(*) FROM zeropoint_active WHERE aperture_id = -2") == [(0,)]
    with Database.open(store) as db:
        assert {name: len(rows) for name, rows in db.audit().items() if rows} == {}


def test_compaction_keeps_psf_fluxes_and_the_pixels_give_them_again(fitted, tmp_path):
    store = copied(fitted, tmp_path)
    sql = "SELECT frame_id, x, flux_psf, flux_psf_err FROM detection ORDER BY frame_id, round(x, 2), round(y, 2)"
    before = asked(store, sql)
    compact(store, every=True)
    after = asked(store, sql)
    assert asked(store, "SELECT count(*) FROM detection_hot") == [(0,)]
    assert [row[2] for row in after] == [row[2] for row in before]
    np.testing.assert_allclose([row[3] for row in after], [row[3] for row in before], rtol=0.003)
    with Database.open(store) as db:
        assert rederive(db, 1)[0].is_same
    with Database.open(store, read_only=False) as db:
        db.execute("UPDATE detection_cold SET flux_psf = 1.2 * flux_psf")
        assert rederive(db, 1)[0].n_changed > 20


def test_what_an_older_photdb_staged_is_still_committed(survey, plain, tmp_path):
    from photdb.jobs.crossmatch import GRADING

    with Database.open(plain) as db:
        table = db.arrow("SELECT '1' AS frame_key, row_number() OVER ()::INTEGER - 1 AS source, ra, dec, flux, "
                         "flux_err, flags FROM detection WHERE frame_id = 1")  # fmt: skip
    pq.write_table(table, tmp_path / "old.parquet")
    store = copied(plain, tmp_path)
    with Database.open(store, read_only=False) as db:
        db.execute(
            "CREATE TEMP TABLE night_frame AS "
            "SELECT '1' AS frame_key, 1 AS frame_id, 2.0 AS match_radius_arcsec, 2025.9 AS epoch"
        )
        db.job("crossmatch_stage", files=[str(tmp_path / "old.parquet")], **GRADING)
        assert db.rows("SELECT count(*), count(flux_psf) FROM staged").rows == [(table.num_rows, 0)]


def test_a_frame_with_too_few_stars_has_no_model_and_says_so_only_where_asked(survey, tmp_path):
    from astropy.io import fits

    frame = lights(survey)[0]
    data = fits.getdata(frame).astype(float)
    few = np.full_like(data, np.median(data)) + np.random.default_rng(3).normal(0, 5, data.shape)
    y, x = np.mgrid[: data.shape[0], : data.shape[1]]
    for x0, y0 in ((90.3, 120.2), (210.7, 180.4)):
        few += 20000 * (1 + ((x - x0) ** 2 + (y - y0) ** 2) / 3.2) ** -3.2
    for name, settings in (("quiet", IngestSettings(solve=False)), ("asked", IngestSettings(solve=False, psf=True))):
        folder = tmp_path / name
        folder.mkdir()
        spoil(frame, folder / "few.fits", data=few.astype(np.float32))
        ingest([folder], store=folder / "s.duckdb", settings=settings, workers=1)
        assert asked(folder / "s.duckdb", "SELECT state, n_detections > 0 FROM frame") == [("ok", True)]
        assert asked(folder / "s.duckdb", "SELECT count(*) FROM frame_psf") == [(0,)]
        said = asked(folder / "s.duckdb", "SELECT array_to_string(warnings, ' ') FROM frame")[0][0]
        assert ("no PSF fluxes" in said) == (name == "asked")


def test_exported_psf_fluxes_come_back(fitted, tmp_path):
    with Database.open(fitted) as db:
        for what in ("detection", "frame", "zeropoint"):
            formats.write_file(query.export(db, what), tmp_path / f"{what}.parquet", "parquet")
    store = tmp_path / "back.duckdb"
    import_files(
        [tmp_path / "detection.parquet"], store=store, frames=tmp_path / "frame.parquet",
        zeropoints=tmp_path / "zeropoint.parquet",
    )  # fmt: skip
    sql = "SELECT flux, flux_psf, flux_psf_err FROM detection WHERE object_id IS NOT NULL ORDER BY ALL"
    assert len(asked(fitted, sql)) > 50
    assert asked(store, sql) == asked(fitted, sql)
    zero = "SELECT zp, zp_err FROM zeropoint_active WHERE aperture_id = -2 ORDER BY ALL"
    assert asked(store, zero) == asked(fitted, zero)


@pytest.mark.parametrize("fault", [np.linalg.LinAlgError("singular"), InputError("two stars", ""), "not finite"])
def test_a_model_that_comes_to_nothing_costs_no_frame(plain, monkeypatch, fault):
    with Database.open(plain) as db:
        look = psf.frame_of(db, "1").measured()
    good = frame_psf.built(look, "moffat")

    def failing(*_: object, **__: object) -> Psf:
        if isinstance(fault, Exception):
            raise fault
        return replace(good, coefficients=np.full_like(good.coefficients, np.nan))

    monkeypatch.setattr("photdb.photometry.psf.build_psf", failing)
    assert frame_psf.of_first_look(look) == []
    with pytest.raises(InputError):
        frame_psf.of_sources(look)


def test_light_curves_are_told_in_psf_fluxes(fitted):
    with Database.open(fitted) as db:
        star = db.one("SELECT object_id FROM object WHERE n_detections = 2 ORDER BY ref_source_id NULLS LAST LIMIT 1")
        curve = query.light_curve(db, star, aperture_id=-2).arrow().to_pylist()
        primary = query.light_curve(db, star).arrow().to_pylist()
        flux = dict(db.rows("SELECT frame_id, flux_psf FROM detection WHERE object_id = $o", {"o": star}).rows)
    assert {row["frame_id"]: row["flux"] for row in curve} == flux
    assert {row["aperture_id"] for row in curve} == {-2}
    for one, other in zip(curve, primary, strict=True):
        assert one["mag_system"] == other["mag_system"]
        assert one["mag"] == pytest.approx(other["mag"], abs=5 * float(np.hypot(one["mag_err"], other["mag_err"])))
        assert one["limit_mag"] > other["limit_mag"]


def test_frames_are_called_by_number_or_file(plain, tmp_path):
    store = copied(plain, tmp_path)
    with Database.open(store, read_only=False) as db:
        path = Path(db.one("SELECT path FROM frame WHERE frame_id = 2"))
        for called in ("2", path.name, path.stem, str(path)):
            assert psf.frame_of(db, called).frame_id == 2
        with pytest.raises(NotFoundError, match="no frame 'nothing'"):
            psf.frame_of(db, "nothing")
        db.execute("UPDATE frame SET state = 'failed', reason = 'clouds' WHERE frame_id = 1")
        with pytest.raises(InputError, match="clouds"):
            psf.frame_of(db, "1")
        db.execute("UPDATE frame SET path = '/elsewhere/' || parse_filename(path) WHERE frame_id = 2")
        db.execute("UPDATE frame SET path = '/here/' || $name, state = 'ok' WHERE frame_id = 1", name=path.name)
        with pytest.raises(UsageError, match="2 frames"):
            psf.frame_of(db, path.name)
        db.execute("UPDATE frame SET origin = 'imported' WHERE frame_id = 2")
        with pytest.raises(InputError, match="imported"):
            psf.frame_of(db, "2")


def test_a_row_survives_json():
    row = {"frame_id": 4, "kind": "moffat", "n_star": 5, "degree": 0, "coefficients": [1.5, 0.0], "in_use": False}
    table = psf_table([json.loads(json.dumps(row))], run_id=7)
    assert table.to_pylist()[0] | row == table.to_pylist()[0]
    assert table["run_id"].to_pylist() == [7]
