import gzip
import shutil

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_frames import header, write

from photdb.errors import InputError
from photdb.ingest.image import read_raw

RNG = np.random.default_rng(7)
COUNTS = RNG.integers(0, 65536, (130, 70)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "f4", "f8"])
def test_every_stored_type_becomes_the_same_float32_counts(tmp_path, dtype):
    truth = RNG.integers(0, 200, (70, 45)).astype(dtype)
    fits.PrimaryHDU(truth).writeto(tmp_path / "a.fits")
    raw = read_raw(header(tmp_path / "a.fits", truth.shape))
    assert raw.dtype == np.float32
    assert raw.dtype.isnative
    assert raw.flags.c_contiguous
    np.testing.assert_array_equal(raw, truth)


def test_scaled_counts_are_unscaled(tmp_path):
    hdu = fits.PrimaryHDU(np.arange(-600, 600, dtype=np.int16).reshape(30, 40))
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.524503242938587, 19645.0244703531  # SkyCamT's
    hdu.writeto(tmp_path / "a.fits")
    stored = np.arange(-600, 600).reshape(30, 40)
    raw = read_raw(header(tmp_path / "a.fits", (30, 40)))
    np.testing.assert_allclose(raw, stored * 0.524503242938587 + 19645.0244703531, rtol=2e-7)


def test_blank_pixels_have_no_value(tmp_path):
    counts = RNG.integers(0, 100, (30, 40)).astype(np.int16)
    counts[3, 4] = -32768
    hdu = fits.PrimaryHDU(counts)
    hdu.header["BLANK"] = -32768
    hdu.writeto(tmp_path / "a.fits")
    raw = read_raw(header(tmp_path / "a.fits", (30, 40)))
    assert np.isnan(raw[3, 4])
    assert np.isnan(raw).sum() == 1


def test_compressed_files_read_as_plain_ones(tmp_path):
    write(tmp_path / "a.fits", COUNTS)
    with (tmp_path / "a.fits").open("rb") as plain, gzip.open(tmp_path / "a.fits.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(COUNTS)]).writeto(tmp_path / "a.fits.fz")
    np.testing.assert_array_equal(read_raw(header(tmp_path / "a.fits.gz", COUNTS.shape)), COUNTS)
    np.testing.assert_array_equal(read_raw(header(tmp_path / "a.fits.fz", COUNTS.shape, hdu=1)), COUNTS)


def test_a_buffer_of_the_right_shape_is_reused_and_another_one_not(tmp_path):
    frame = write(tmp_path / "a.fits", COUNTS)
    buffer = np.empty(COUNTS.shape, np.float32)
    assert read_raw(frame, out=buffer) is buffer
    assert read_raw(frame, out=np.empty((3, 3), np.float32)).shape == COUNTS.shape


def test_a_cube_of_one_plane_is_that_plane(tmp_path):
    fits.PrimaryHDU(COUNTS[None]).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(read_raw(header(tmp_path / "a.fits", COUNTS.shape, n_axes=3)), COUNTS)


@pytest.mark.parametrize(("shape", "words"), [((50,), "1 axes"), ((3, 20, 20), r"3 axes \(20 x 20 x 3")])
def test_data_of_another_number_of_axes_are_refused(tmp_path, shape, words):
    fits.PrimaryHDU(np.arange(np.prod(shape), dtype=np.int16).reshape(shape)).writeto(tmp_path / "a.fits")
    with pytest.raises(InputError, match=words):
        read_raw(header(tmp_path / "a.fits", (20, 20)))


def test_an_hdu_without_data_a_table_and_one_that_is_not_there_are_refused(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.arange(3.0))])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "a.fits")
    for hdu, words in ((0, "0 axes"), (1, "table"), (5, "the file has 2")):
        with pytest.raises(InputError, match=words):
            read_raw(header(tmp_path / "a.fits", (2, 2), hdu=hdu))


def test_a_truncated_file_is_refused_with_numbers(tmp_path):
    write(tmp_path / "a.fits", COUNTS)
    whole = (tmp_path / "a.fits").read_bytes()
    (tmp_path / "b.fits").write_bytes(whole[: 2880 + 1000])
    with pytest.raises(InputError, match="need 18200 bytes, 1000 are there"):
        read_raw(header(tmp_path / "b.fits", COUNTS.shape))


def test_missing_padding_of_the_last_block_is_no_truncation(tmp_path):
    write(tmp_path / "a.fits", COUNTS)
    (tmp_path / "b.fits").write_bytes((tmp_path / "a.fits").read_bytes()[: 2880 + COUNTS.size * 2])
    np.testing.assert_array_equal(read_raw(header(tmp_path / "b.fits", COUNTS.shape)), COUNTS)


@pytest.mark.parametrize("suffix", [".fits.gz", ".fits.fz"])
def test_a_truncated_compressed_file_is_refused(tmp_path, suffix):
    whole = tmp_path / f"a{suffix}"
    if suffix == ".fits.gz":
        write(tmp_path / "a.fits", COUNTS)
        whole.write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    else:
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(COUNTS)]).writeto(whole)
    part = tmp_path / f"b{suffix}"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError):
        read_raw(header(part, COUNTS.shape, hdu=int(suffix == ".fits.fz")))


def test_files_that_are_no_fits_or_not_there_are_refused(tmp_path):
    (tmp_path / "text.fits").write_text("not a FITS file\n")
    (tmp_path / "empty.fits").touch()
    for name in ("text.fits", "empty.fits", "absent.fits"):
        with pytest.raises(InputError, match=name):
            read_raw(header(tmp_path / name, (2, 2)))


@pytest.mark.parametrize(
    ("fill", "words"), [(np.nan, "all NaN"), (1000.0, "are 1000 ADU"), (65535.0, r"are 65535 ADU")]
)
def test_an_image_without_signal_is_refused_with_its_level(tmp_path, fill, words):
    fits.PrimaryHDU(np.full((30, 40), fill, np.float32)).writeto(tmp_path / "a.fits")
    with pytest.raises(InputError, match=words):
        read_raw(header(tmp_path / "a.fits", (30, 40)))


def test_a_saturated_frame_is_refused_and_a_frame_with_one_saturated_star_is_not(tmp_path):
    counts = np.full((50, 50), 60001.0)
    counts[0, :7] = 100.0
    with pytest.raises(InputError, match=r"99\.7 % of its pixels are saturated \(>= 60000 ADU\)"):
        read_raw(write(tmp_path / "a.fits", counts))
    star = np.full((50, 50), 100.0)
    star[20:25, 20:25] = 65535.0
    assert read_raw(write(tmp_path / "b.fits", star)).max() == 65535


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 150), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_any_size_survives_the_bands(tmp_path_factory, height, width, seed):
    counts = np.random.default_rng(seed).integers(0, 65536, (height, width)).astype(np.uint16)
    counts[0, :2] = 1, 2
    frame = write(tmp_path_factory.mktemp("size") / "a.fits", counts, saturation=1e9)
    np.testing.assert_array_equal(read_raw(frame), counts)


def test_real_frames_read_as_astropy_reads_them(shared_data):
    for name, hdu in (
        ("lowell5945/20190326.0126.fits.fz", 1),
        ("panoptes/solved.fits.fz", 1),
        ("agpeg/t_e_20150608_381_1_1_1.fits", 0),
    ):
        path = shared_data / name
        expected = fits.getdata(path, hdu)
        raw = read_raw(header(path, expected.shape, hdu=hdu, saturation=1e9))
        np.testing.assert_allclose(raw, expected, rtol=2e-7)
