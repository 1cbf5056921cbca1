"""ezphot's catalogues: the columns it has, in its order and units, as it reads them."""

import math
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from stores import FAINT, N_FRAMES, POSITIONS, WITHOUT_ZP, small_store

from photdb import query
from photdb.errors import InputError, UsageError
from photdb.magnitudes import flux_to_mag, sky_limit
from photdb.output import ezphot, formats
from photdb.output.ezphot_units import lines, suffixes
from photdb.output.names_in_folder import names_in_folder
from photdb.store.database import Database

#: The header of the catalogue in ezphot's documentation ("Aperture Photometry", 5, 7, 10 arcsec and 2.5, 3.5 seeing).
COLUMNS = """
NUMBER FLUX_AUTO FLUXERR_AUTO FLUX_APER FLUX_APER_1 FLUX_APER_2 FLUX_APER_3 FLUX_APER_4 FLUXERR_APER FLUXERR_APER_1
FLUXERR_APER_2 FLUXERR_APER_3 FLUXERR_APER_4 MAG_AUTO MAGERR_AUTO MAG_APER MAG_APER_1 MAG_APER_2 MAG_APER_3 MAG_APER_4
MAGERR_APER MAGERR_APER_1 MAGERR_APER_2 MAGERR_APER_3 MAGERR_APER_4 FWHM_IMAGE FWHM_WORLD X_IMAGE Y_IMAGE XWIN_IMAGE
YWIN_IMAGE X_WORLD Y_WORLD ALPHA_J2000 DELTA_J2000 FLAGS CLASS_STAR THRESHOLD A_IMAGE B_IMAGE ELONGATION ELLIPTICITY
KRON_RADIUS FLUX_RADIUS THETA_IMAGE THETA_WORLD THETA_SKY THETA_J2000 BACKGROUND FLUX_MAX ISOAREA_IMAGE SKYSIG SKYVAL
DETECT_THRESH NPIX_AUTO NPIX_APER PIXSIZE_APER NPIX_APER_1 PIXSIZE_APER_1 NPIX_APER_2 PIXSIZE_APER_2 NPIX_APER_3
PIXSIZE_APER_3 NPIX_APER_4 PIXSIZE_APER_4
""".split()  # noqa: SIM905
EXPTIME = 60.0
RADII = [2.5, 3.5, 5.0, 4.0, 6.0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A store with five apertures and a rotated, mirrored sky, exported whole."""
    path = small_store(tmp_path_factory.mktemp("ezphot") / "store.duckdb")
    out = path.parent / "catalogues"
    with Database.open(path, read_only=False) as db:
        _enrich(db)
        n = formats.write_file(query.export(db, "detection", question=ezphot.QUESTION), out, "ezphot")
        assert n == N_FRAMES * len(POSITIONS)
    return out


def _enrich(db: Database) -> None:
    cards = [
        "CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "CRVAL1  = 41.58", "CRVAL2  = -30.27", "CRPIX1  = 101.25",
        "CRPIX2  = 201.1", "CD1_1   = 0.0", "CD1_2   = 0.0003", "CD2_1   = 0.0003", "CD2_2   = 0.0",
    ]  # fmt: skip
    db.execute(
        "UPDATE frame SET wcs = $wcs, x0 = 10, y0 = 20, sky = 404.634, sky_rms = 39.7316, threshold_sigma = 1.5, "
        "pixel_scale_arcsec = 1.08, aper_radius_px = [2.5, 3.5, 5.0, 4.0, 6.0] WHERE state = 'ok'",
        wcs="\n".join(f"{card:80}" for card in cards),
    )
    db.execute("DELETE FROM aperture WHERE aperture_id > 0")
    kinds = ["arcsec", "arcsec", "arcsec", "fwhm", "fwhm"]
    db.insert("aperture", [{"aperture_id": k, "kind": kind, "diameter": 5.0} for k, kind in enumerate(kinds, 1)])
    db.execute(
        "UPDATE detection_hot SET aper_flux = [0.9 * flux, 0.95 * flux, NULL, 0.93 * flux, 0.97 * flux], "
        "aper_flux_err = [1, 1, NULL, 1, 1], a = 3.443, b = 2.886, theta = radians(30), kron_radius = 4.1, fwhm = 3.1, "
        "peak = 600, flux_radius = 2, class_star = 0.9, flags = 1 + 16 + 32 + 64 + 128"
    )
    # a spatial term and a magnitude term in the first aperture of the first frame
    db.execute(
        "UPDATE zeropoint SET zp_map = [0.01, -0.02], mag_term = 0.03, mag_pivot = 15 WHERE frame_id = 1 AND "
        "aperture_id = 1"
    )
    db.execute("UPDATE zeropoint SET zp_scatter = 0.02")


def read(folder: Path, number: int) -> Table:
    """A table as ezphot's Catalog reads it: the first of these formats that does not complain."""
    for form in ("fits", "ascii.sextractor", "ascii", "csv"):
        try:
            return Table.read(folder / f"frame-{number:03d}.fits.cat", format=form)
        except Exception:  # as ezphot does
            continue
    raise AssertionError("no format")


def test_the_first_columns_are_ezphots_65(folder):
    assert len(COLUMNS) == 65
    assert read(folder, 1).colnames[:65] == COLUMNS


def test_then_come_those_of_its_calibration(folder):
    names = ["AUTO", "APER", "APER_1", "APER_2", "APER_3", "APER_4"]
    expected = [f"{key}_{name}" for name in names for key in ("MAGSKY", "ZP", "ZPERR", "UL3", "UL5")]
    assert read(folder, 1).colnames[65:] == [*expected, "MAGSYS"]


def test_there_is_a_file_for_every_frame_that_was_measured(folder):
    assert sorted(f.name for f in folder.iterdir()) == [f"frame-{k:03d}.fits.cat" for k in range(1, N_FRAMES + 1)]


def test_fluxes_are_counts_of_the_whole_exposure_and_magnitudes_theirs(folder):
    table = read(folder, 1)
    bright = table[np.argmax(table["FLUX_AUTO"])]
    assert bright["FLUX_AUTO"] == pytest.approx(1.1 * 1010 * EXPTIME, rel=1e-6)
    assert bright["FLUX_APER"] == pytest.approx(0.9 * 1010 * EXPTIME, rel=1e-6)
    assert bright["FLUXERR_APER"] == EXPTIME
    assert bright["MAG_APER"] == pytest.approx(flux_to_mag(bright["FLUX_APER"]), abs=1e-12)
    assert bright["MAGERR_APER"] == pytest.approx(1.0857362 * EXPTIME / bright["FLUX_APER"], rel=1e-6)
    assert math.isnan(bright["FLUX_APER_2"])  # not measured in this frame
    assert math.isnan(bright["ISOAREA_IMAGE"])


def test_a_negative_flux_has_no_magnitude_and_stays(folder):
    table = read(folder, 3)  # where the faint star is negative
    faint = table[np.argmin(table["FLUX_AUTO"])]
    assert faint["FLUX_AUTO"] == pytest.approx(-1.65 * EXPTIME, rel=1e-6)
    assert math.isnan(faint["MAG_AUTO"])
    assert math.isnan(faint["MAGSKY_AUTO"])


def test_pixels_are_those_of_the_file_counted_as_ezphot_does(folder):
    row = read(folder, 1)[0]
    assert (row["X_IMAGE"], row["Y_IMAGE"]) == pytest.approx((110.25, 220.1), abs=1e-4)
    assert (row["XWIN_IMAGE"], row["YWIN_IMAGE"]) == pytest.approx((111.25, 221.1), abs=1e-4)
    assert row["FWHM_WORLD"] == pytest.approx(3.1 * 1.08 / 3600)


def test_sizes_and_thresholds_follow_its_formulas(folder):
    row = read(folder, 1)[0]
    # the figures of the first row of its documentation: A 3.443, B 2.886, KRON_RADIUS 4.1
    assert row["NPIX_AUTO"] == pytest.approx(524.7481734939145, rel=1e-6)
    assert row["THRESHOLD"] == pytest.approx(59.59745, abs=1e-4)
    assert (row["SKYSIG"], row["SKYVAL"], row["DETECT_THRESH"]) == (39.7316, 404.634, 1.5)
    assert (row["ELONGATION"], row["ELLIPTICITY"]) == pytest.approx((1.193, 0.162), abs=5e-4)
    for suffix, radius in zip(("", "_1", "_2", "_3", "_4"), RADII, strict=True):
        assert row[f"PIXSIZE_APER{suffix}"] == 2 * radius
        assert row[f"NPIX_APER{suffix}"] == pytest.approx(math.pi * radius**2)


def test_angles_are_on_the_sky_from_north_and_from_east(folder):
    row = read(folder, 1)[0]
    assert row["THETA_IMAGE"] == pytest.approx(30, abs=1e-5)
    # in this sky +x is north and +y is east: 30 degrees from +x to +y are 30 from north to east
    assert row["THETA_SKY"] == row["THETA_J2000"] == pytest.approx(30, abs=0.02)
    assert row["THETA_WORLD"] == pytest.approx(60, abs=0.02)


def test_flags_are_source_extractors(folder):
    assert set(read(folder, 1)["FLAGS"]) == {1 + 16}  # aperture incomplete is its 16; bad pixels have no bit there


def test_the_calibrated_magnitude_is_the_sum_and_the_limit_that_of_the_sky(folder):
    table = read(folder, 1)
    for name in ("AUTO", "APER", "APER_1"):
        known = np.isfinite(table[f"MAGSKY_{name}"])
        assert np.array_equal(known, (table[f"FLUX_{name}"] > 0) & np.isfinite(table[f"ZP_{name}"]))
        assert np.allclose(table[f"MAGSKY_{name}"][known], (table[f"MAG_{name}"] + table[f"ZP_{name}"])[known])
    # aperture 1 has the zero point 22.6, a place and a magnitude term; its constants are those of the frame
    zp = 22.6 + 2.5 * math.log10(EXPTIME)
    area = math.pi * 2.5**2
    assert table["UL5_APER"][0] == pytest.approx(float(sky_limit(zp, 39.7316, area, 5)), abs=1e-12)
    assert table["UL3_APER"][0] - table["UL5_APER"][0] == pytest.approx(2.5 * math.log10(5 / 3), abs=1e-12)
    assert set(table["ZPERR_APER"]) == {0.02}  # the scatter of the stars, as ezphot means it
    u, v = 2 * 100.25 / 999 - 1, 2 * 200.1 / 999 - 1
    at_place = zp + 0.01 * u - 0.02 * v
    m = -2.5 * np.log10(table["FLUX_APER"] / EXPTIME) + 22.6
    assert np.allclose(table["ZP_APER"], at_place + 0.03 * (m - 15), atol=1e-6)


def test_what_is_only_relative_or_not_calibrated_has_no_zero_point(folder):
    relative, none = read(folder, 2), read(folder, WITHOUT_ZP)
    assert set(relative["MAGSYS"]) == {"relative"}
    assert set(none["MAGSYS"]) == {"instrumental"}
    assert set(read(folder, 1)["MAGSYS"]) == {"AB"}
    for table in (relative, none):
        assert all(np.isnan(table[n]).all() for n in table.colnames if n.startswith(("MAGSKY", "ZP", "UL")))


def test_fixed_apertures_come_first_whatever_their_number():
    rows = [{"aperture_id": k, "kind": kind} for k, kind in enumerate(["auto", "fwhm", "arcsec", "fwhm", "arcsec"], -0)]
    assert suffixes(rows) == {-1: "AUTO", 2: "APER", 4: "APER_1", 1: "APER_2", 3: "APER_3"}


def test_terms_become_straight_lines():
    zero = {"colour": "g-i", "colour_term": -0.06, "colour_pivot": 0.8, "mag_term": 0.01, "mag_pivot": 15.0}
    found = lines(zero)
    assert found["COLOR_g-i"] == pytest.approx((-0.06, 0.048))
    assert found["MAG"] == pytest.approx((0.01, -0.15))
    assert lines({"colour_term": None, "mag_term": None}) == {}


def test_files_called_alike_do_not_fall_together():
    paths = {1: Path("a/X.fits"), 2: Path("b/x.fits"), 3: Path("b/y.fits.gz"), 4: Path("c/y.fits.gz"), 5: Path("z.fts")}
    assert names_in_folder(paths) == {1: "X-1.fits", 2: "x-2.fits", 3: "y-3.fits.gz", 4: "y-4.fits.gz", 5: "z.fts"}


def test_a_file_in_the_place_of_the_folder_is_refused(small_store, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with Database.open(small_store) as db:
        answer = query.export(db, "detection", objects=[FAINT], question=ezphot.QUESTION)
        with pytest.raises(InputError, match="is a file"):
            formats.write_file(answer, tmp_path / "taken", "ezphot")
        with pytest.raises(UsageError, match="columns of its own"):
            formats.write_file(query.export(db, "detection"), tmp_path / "out", "ezphot")
    assert (tmp_path / "taken").read_text() == "mine"
