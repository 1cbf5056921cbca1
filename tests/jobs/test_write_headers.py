"""Copies of frames: what is new in their headers, and that nothing else is."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from stores import WITHOUT_ZP, small_store

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.ingest.wcs import make_wcs, wcs_to_text
from photdb.jobs.write_headers import write_headers
from photdb.output.headers import is_wcs
from photdb.store.database import Database

SHAPE = (60, 80)
RADIUS = 4.0
#: File of a frame, and the extension that is the frame.
FILES = {1: ("a/plain.fits", 0), 2: ("a/packed.fits.fz", 1), 3: ("a/zipped.fits.gz", 0), 4: ("a/many.fits", 2),
         5: ("b/plain.fits", 0), WITHOUT_ZP: ("b/last.fits", 0)}  # fmt: skip


def pixels(frame_id: int) -> np.ndarray:
    return np.random.default_rng(frame_id).integers(0, 65535, SHAPE).astype(np.uint16)


def old_header() -> fits.Header:
    header = fits.Header()
    header["OBJECT"] = "SIM 1"
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN-SIP", "DEC--TAN-SIP"
    header["CRVAL1"], header["CRVAL2"] = 10.0, 10.0
    header["CRPIX1"], header["CRPIX2"] = 1.0, 1.0
    header["CDELT1"], header["CDELT2"], header["CROTA2"] = 1.0, 1.0, 5.0
    header["A_ORDER"], header["A_0_2"] = 2, 1e-5
    header["SEEING"] = (99.0, "of another program")
    return header


def write_input(path: Path, frame_id: int) -> None:
    path.parent.mkdir(exist_ok=True)
    data, header = pixels(frame_id), old_header()
    if path.suffix == ".fz":
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header, compression_type="RICE_1")])
    elif path.stem == "many":
        table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(3))])
        hdus = fits.HDUList([fits.PrimaryHDU(), table, fits.ImageHDU(data, header), fits.ImageHDU(data, name="MASK")])
    else:
        hdus = fits.HDUList([fits.PrimaryHDU(data, header)])
    hdus.writeto(path, checksum=True)


@pytest.fixture
def made(tmp_path):
    """A store whose first frames are there, of every kind; the others' files are missing."""
    db = Database.open(small_store(tmp_path / "store.duckdb"), read_only=False)
    wcs = make_wcs(41.58, -30.27, 30.0, 20.0, np.array([[-0.0003, 0.0], [0.0, 0.0003]]))
    db.execute(
        "UPDATE frame SET primary_aperture_id = 0, x0 = 10, y0 = 5, wcs = $wcs, wcs_kind = 'solved', "
        "fwhm_px = 2.7, ellipticity = 0.1, "
        "sky = 400, sky_rms = 20, saturation = 60000, aper_radius_px = [4.0, NULL], pixel_scale_arcsec = 1.08 "
        "WHERE state = 'ok'",
        wcs=wcs_to_text(wcs),
    )
    db.execute("UPDATE frame SET wcs_kind = 'header' WHERE frame_id = 3")
    db.execute("UPDATE detection_hot SET a = 2, b = 1.5, kron_radius = 4")
    db.execute(
        "UPDATE zeropoint SET zp_scatter = 0.02, catalog = 'ps1', ref_band = 'g', colour = 'g-i', colour_pivot = 0.8, "
        "colour_term = -0.06, mag_term = 0.01, mag_pivot = 15"
    )
    for frame_id, (name, hdu) in FILES.items():
        write_input(tmp_path / name, frame_id)
        db.execute(
            "UPDATE frame SET path = $p, hdu = $h WHERE frame_id = $n", p=str(tmp_path / name), h=hdu, n=frame_id
        )
        db.execute("UPDATE file SET path = $p WHERE file_id = $n", p=str(tmp_path / name), n=frame_id)
    yield db
    db.close()


def header_of(path: Path, hdu: int = 0) -> fits.Header:
    with fits.open(path) as opened:
        return opened[hdu].header


def test_a_copy_has_ezphots_keywords_in_its_units(made, tmp_path):
    done = write_headers(made, tmp_path / "out", [1])
    assert (done.n_file, done.n_frame, done.n_zero, done.n_wcs, done.missing) == (1, 1, 1, 1, ())
    header = header_of(tmp_path / "out" / "plain.fits")
    assert (header["SEEING"], header["PEEING"]) == (3.0, 2.7)
    assert (header["SKYVAL"], header["SKYSIG"], header["ELLIP"], header["SATURATE"]) == (400, 20, 0.1, 60000)
    zp = 22.6 + 2.5 * math.log10(60)  # of one count in 60 s, aperture 1
    assert header["ZP_APER"] == pytest.approx(zp, abs=1e-12)
    assert header["ZP_AUTO"] == pytest.approx(zp - 0.2, abs=1e-12)
    assert header["ZPERR_APER"] == 0.02
    limit = zp - 2.5 * math.log10(5 * 20 * math.sqrt(math.pi * RADIUS**2))
    assert header["UL5_APER"] == header["UL5SKY_APER"] == pytest.approx(limit, abs=1e-12)
    assert header["UL3_APER"] == pytest.approx(limit + 2.5 * math.log10(5 / 3), abs=1e-12)
    assert header["UL5_AUTO"] == pytest.approx(zp - 0.2 - 2.5 * math.log10(100 * math.sqrt(math.pi * 48)), abs=1e-12)
    assert header["K_COLOR_APER_g-i"] == -0.06
    assert header["C_COLOR_APER_g-i"] == pytest.approx(0.048)
    assert (header["K_MAG_APER"], header["C_MAG_APER"]) == (0.01, -0.15)
    assert "ZP_APER_1" not in header  # not measured, no zero point


def test_a_copy_says_where_its_numbers_come_from(made, tmp_path):
    write_headers(made, tmp_path / "out", [1])
    header = header_of(tmp_path / "out" / "plain.fits")
    assert (header["PHOTCAL"], header["PHOTCAT"], header["PHOTBAND"], header["PHOTSYS"]) == (1, "ps1", "g", "AB")
    assert (header["PHOTRUN"], header["PHOTFRAM"], header["PHOTZERR"], header["PHOTZSYS"]) == (1, 1, 0.002, 0.01)
    assert header["OBJECT"] == "SIM 1"


@pytest.mark.parametrize("frame_id", [1, 2, 3, 4])
def test_pixels_extensions_and_compression_stay(made, tmp_path, frame_id):
    name, hdu = FILES[frame_id]
    write_headers(made, tmp_path / "out", [frame_id])
    with fits.open(tmp_path / name) as old, fits.open(tmp_path / "out" / Path(name).name, checksum=True) as new:
        assert [type(h) for h in old] == [type(h) for h in new]
        assert np.array_equal(new[hdu].data, pixels(frame_id))
        assert new[hdu].header["BITPIX"] == old[hdu].header["BITPIX"]
        assert new[hdu].header["SKYSIG"] == 20
        others = [h for k, h in enumerate(new) if k != hdu]
        assert not any("SKYSIG" in h.header for h in others)
    if name.endswith(".fz"):
        with fits.open(tmp_path / name, disable_image_compression=True) as old:
            before = old[1].data.tobytes()
        with fits.open(tmp_path / "out" / Path(name).name, disable_image_compression=True) as new:
            assert new[1].data.tobytes() == before
    if name.endswith(".gz"):
        assert (tmp_path / "out" / Path(name).name).read_bytes()[:2] == b"\x1f\x8b"


def test_the_wcs_is_ours_in_the_pixels_of_the_file_and_nothing_is_left_of_the_old_one(made, tmp_path):
    write_headers(made, tmp_path / "out", [1, 3])
    header = header_of(tmp_path / "out" / "plain.fits")
    ra, dec = WCS(header).all_pix2world(30.0 + 10, 20.0 + 5, 0)
    assert (float(ra), float(dec)) == pytest.approx((41.58, -30.27), abs=1e-9)
    assert not {"CROTA2", "A_ORDER", "A_0_2"} & set(header)
    kept = header_of(tmp_path / "out" / "zipped.fits.gz")  # its own WCS was not improved
    assert (kept["CRVAL1"], kept["CROTA2"], kept["A_0_2"]) == (10.0, 5.0, 1e-5)


def test_the_frames_themselves_are_never_written_to(made, tmp_path):
    def sums() -> dict[str, str]:
        return {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name, _ in FILES.values()}

    before = sums()
    write_headers(made, tmp_path / "out", list(FILES))
    write_headers(made, tmp_path / "out", list(FILES))  # again: our own copies are replaced
    assert sums() == before
    for folder in ("a", "b"):
        with pytest.raises(UsageError, match="among the frames of the store"):
            write_headers(made, tmp_path / folder, [1, 4, WITHOUT_ZP])
    assert sums() == before


def test_a_link_to_the_frames_is_no_way_around(made, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(UsageError, match="among the frames of the store"):
        write_headers(made, tmp_path / "link", [1])


def test_a_file_of_somebody_else_is_not_replaced(made, tmp_path):
    (tmp_path / "out").mkdir()
    write_input(tmp_path / "out" / "many.fits", 4)
    with pytest.raises(UsageError, match="not written by photdb"):
        write_headers(made, tmp_path / "out", [1, 4])
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["many.fits"]


def test_frames_called_alike_get_their_number(made, tmp_path):
    done = write_headers(made, tmp_path / "out", [1, 5])
    assert sorted(f.name for f in (tmp_path / "out").iterdir()) == ["plain-1.fits", "plain-5.fits"]
    assert done.n_renamed == 2
    assert header_of(tmp_path / "out" / "plain-5.fits")["PHOTFRAM"] == 5


def test_what_is_relative_or_not_calibrated_gets_no_zero_point(made, tmp_path):
    done = write_headers(made, tmp_path / "out", [2, WITHOUT_ZP])
    assert (done.n_frame, done.n_zero) == (2, 0)
    relative, none = header_of(tmp_path / "out" / "packed.fits.fz", 1), header_of(tmp_path / "out" / "last.fits")
    assert relative["PHOTSYS"] == "relative"
    assert "PHOTSYS" not in none
    for header in (relative, none):
        assert header["SEEING"] == 3.0
        assert not [k for k in header if k.startswith(("ZP", "UL", "K_", "C_"))]


def test_a_missing_file_does_not_stop_the_others(made, tmp_path):
    done = write_headers(made, tmp_path / "out", [1, 6])
    assert done.n_file == 1
    assert len(done.missing) == 1
    assert "no such file" in done.missing[0]
    with pytest.raises(InputError, match="none of 1 files"):
        write_headers(made, tmp_path / "out", [6])
    with pytest.raises(NotFoundError, match="no measured frame"):
        write_headers(made, tmp_path / "out", [999])


def test_a_damaged_file_is_said_and_leaves_no_half_copy(made, tmp_path):
    (tmp_path / "b" / "last.fits").write_bytes(b"not a FITS file" * 300)
    done = write_headers(made, tmp_path / "out", [1, WITHOUT_ZP])
    assert (done.n_file, len(done.missing)) == (1, 1)
    assert [f.name for f in (tmp_path / "out").iterdir()] == ["plain.fits"]


def test_only_a_celestial_wcs_is_replaced():
    assert all(map(is_wcs, ["CTYPE1", "CD2_1", "PC001002", "PV2_10", "A_3_0", "BP_ORDER", "LONPOLE", "RADECSYS"]))
    assert not any(map(is_wcs, ["CTYPE3", "CD3_3", "EXPTIME", "DATE-OBS", "CTYPE1A", "A_B", "SATURATE", "NAXIS1"]))
