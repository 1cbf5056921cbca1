"""Headers read from files: what is FITS, what is whole, and what the message says otherwise."""

import contextlib
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.errors import InputError
from photdb.ingest.cards import Cards
from photdb.ingest.fits import read_headers
from photdb.ingest.header import read_frames
from photdb.ingest.telescope import load_telescopes

TELESCOPES = load_telescopes([Path(__file__).parents[2] / "ingest" / "telescopes"])


def image(path: Path, shape: tuple[int, ...] = (80, 100), **cards: object) -> Path:
    """Write an image of 16 bits."""
    header = fits.Header({name.replace("_", "-"): value for name, value in cards.items()})
    fits.PrimaryHDU(np.zeros(shape, np.uint16), header).writeto(path)
    return path


def test_a_plain_image_is_read(tmp_path: Path) -> None:
    (found,) = read_headers(image(tmp_path / "a.fits", EXPTIME=5.0))
    assert (found.hdu, found.shape, found.bitpix, found.compressed) == (0, (100, 80), 16, False)
    assert found.cards.number("EXPTIME") == 5.0


@pytest.mark.parametrize("name", ["a.fits.gz", "a.FITS", "a.fit", "a.fts"])
def test_the_name_does_not_matter_the_content_does(tmp_path: Path, name: str) -> None:
    plain = image(tmp_path / "plain.fits").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain) if name.endswith("gz") else plain)
    assert read_headers(tmp_path / name)[0].shape == (100, 80)


def test_a_compressed_image_tells_its_own_shape(tmp_path: Path) -> None:
    data = np.arange(8000, dtype=np.uint16).reshape(80, 100)
    header = fits.Header({"EXPTIME": 7.0})
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, header)]).writeto(tmp_path / "a.fits.fz")
    (found,) = read_headers(tmp_path / "a.fits.fz")
    assert (found.hdu, found.shape, found.bitpix, found.compressed) == (1, (100, 80), 16, True)
    assert found.cards.number("EXPTIME") == 7.0


def test_every_image_of_a_file_is_read_and_tables_are_passed_over(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU(header=fits.Header({"EXPTIME": 3.0, "FILTER": "V"}))
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.zeros(3))])
    chips = [fits.ImageHDU(np.zeros((8, 9), np.int16), name=f"CHIP{i}") for i in (1, 2)]
    fits.HDUList([primary, chips[0], table, chips[1]]).writeto(tmp_path / "a.fits")
    assert [h.hdu for h in read_headers(tmp_path / "a.fits")] == [1, 3]
    frames = read_frames(tmp_path / "a.fits", TELESCOPES)
    assert [(f.exptime_s, f.band, f.width, f.height) for f in frames] == [(3.0, "V", 9, 8)] * 2
    assert frames[0].detector != frames[1].detector


def test_masks_and_errors_beside_an_image_are_not_frames(tmp_path: Path) -> None:
    hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(np.zeros((8, 9), np.int16), name=n) for n in ("SCI", "BPM", "ERR"))]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    assert [frame.hdu for frame in read_frames(tmp_path / "a.fits", TELESCOPES)] == [1]


def test_values_are_astropy_s_for_every_kind_of_card(tmp_path: Path) -> None:
    header = fits.Header()
    cards = {"A": 1, "B": -2.5, "C": 1.5e-10, "D": True, "E": False, "F": "it's a star", "G": "a / b", "I": 10**12}
    header["H"] = "x" * 60
    for name, value in cards.items():
        header[name] = value, "comment"
    header["LONGTEXT"] = "word " * 40
    header["HIERARCH ESO DET NAME"] = "long keyword"
    header["BLANKED"] = ""
    found = Cards.from_bytes(header.tostring().partition("END" + " " * 77)[0].encode())
    for name, value in cards.items():
        assert found.get(name) == value
        assert isinstance(found.get(name), type(value))
        assert found.comment(name) == "comment"
    assert found.get("H") == "x" * 60
    assert found.get("LONGTEXT") == ("word " * 40).strip()
    assert found.get("ESO DET NAME") == "long keyword"
    assert found.get("BLANKED") is None
    assert found.get("NOT THERE") is None


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("X       = 1.5D+03", 1500.0), ("X       = '10.5    '", "10.5"), ("X       = +62.592 / x", 62.592),
        ("X       = 060.00", 60.0), ("X       =", None), ("X       = / nothing", None), ("X       = NaN", None),
        ("X       = 'N/A'", None), ("X       = 'UNKNOWN '", None), ("X       = bare word", "bare word"),
        ("X='tight'", None), ("X       ='tight'", "tight"), ("X       = 3.", 3.0), ("X       = .5", 0.5),
        ("X       = 1e400", None),
    ],
)  # fmt: skip
def test_cards_that_bend_the_standard(card: str, value: object) -> None:
    assert Cards.from_text(card).get("X") == value


def test_of_a_keyword_written_twice_the_first_counts() -> None:
    assert Cards.from_text("X       = 1\nX       = 2").get("X") == 1


@pytest.mark.parametrize("keep", [2880 + 15999, 2880 + 8000, 2880, 2000, 1])
def test_a_truncated_file_is_refused_with_numbers(tmp_path: Path, keep: int) -> None:
    path = image(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError) as error:
        read_headers(path)
    if keep > 100:
        said = f"100 x 80 values of 16 bits (16000 bytes after the first 2880), the file ends after {keep} bytes"
        assert said in error.value.what
    else:
        assert "not a FITS file" in error.value.what


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2879), st.booleans())
def test_wrong_bytes_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, in_header: bool
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    whole = bytearray(image(folder / "a.fits").read_bytes())
    whole[at : at + len(noise)] = noise
    path = folder / "b.fits"
    path.write_bytes(bytes(whole) if in_header else noise)
    with contextlib.suppress(InputError):
        assert read_frames(path, TELESCOPES)


def test_missing_padding_is_no_truncation(tmp_path: Path) -> None:
    path = image(tmp_path / "a.fits")
    path.write_bytes(path.read_bytes()[: 2880 + 16000])
    assert read_headers(path)[0].shape == (100, 80)


def test_a_truncated_extension_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((80, 100), np.int16))]).writeto(path)
    path.write_bytes(path.read_bytes()[:-9000])
    with pytest.raises(InputError, match="HDU 1 promises 100 x 80 values"):
        read_headers(path)


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(image(tmp_path / "plain.fits").read_bytes())
    for keep in (len(whole) - 6, len(whole) // 2, 12, 2):
        (tmp_path / "a.fits.gz").write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"a\.fits\.gz"):
            read_headers(tmp_path / "a.fits.gz")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"This is a text file.\n", "not a FITS file: it holds text, beginning with 'This is a text file."),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a FITS file: it holds bytes 89 50 4e 47"),
        (b"SIMPLE  =                    T" + b" " * 50, "no END card"),
    ],
)
def test_what_is_not_fits_is_told_apart(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_headers(path)
    assert error.value.what.startswith(str(path))
    assert words in error.value.what


def test_a_file_without_an_image_says_what_it_holds(tmp_path: Path) -> None:
    table = fits.BinTableHDU.from_columns([fits.Column("x", "E", array=np.zeros(3))])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "a.fits")
    with pytest.raises(InputError, match=r"no image in its 2 HDUs .*BINTABLE"):
        read_headers(tmp_path / "a.fits")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_nobody_may_read_is_refused(tmp_path: Path) -> None:
    path = image(tmp_path / "a.fits")
    path.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        read_headers(path)


def test_refused_permission_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = image(tmp_path / "a.fits")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError) as error:
        read_headers(path)
    assert "no permission to read it" in error.value.what
    assert "chmod u+r" in error.value.hint


@pytest.mark.parametrize("name", ["missing.fits", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read_headers(tmp_path / name)


@pytest.mark.parametrize(
    ("folder", "telescope", "n", "problems"),
    [
        ("hatp32", "microobservatory", 142, 0),
        ("agpeg", "skycamt", 25, 0),
        ("lowell5945", "lowell42_nasa42", 23, 0),
        ("panoptes", "panoptes", 2, 0),
        ("m67", "generic", 3, 2),
    ],
)
def test_real_frames_are_understood(shared_data: Path, folder: str, telescope: str, n: int, problems: int) -> None:
    files = sorted(f for f in (shared_data / folder).iterdir() if f.suffix.lower() in (".fits", ".fz"))
    frames = [frame for file in files for frame in read_frames(file, TELESCOPES)]
    assert len(frames) == n
    assert sum(bool(frame.problems) for frame in frames) == problems
    assert {frame.telescope for frame in frames} == {telescope}


def test_the_real_night_of_hatp32_lasts_seven_hours(shared_data: Path) -> None:
    frames = [read_frames(f, TELESCOPES)[0] for f in sorted((shared_data / "hatp32").glob("*.FITS"))]
    starts = np.array([f.mjd_start for f in frames])
    assert np.all(np.diff(starts) > 0)
    assert starts[0] == pytest.approx(58107.0650847, abs=1e-6)
    assert {f.night for f in frames} == {"2017-12-19"}
    assert min(f.airmass for f in frames if f.airmass) < 1.08
    assert max(f.airmass for f in frames if f.airmass) > 1.85


def test_real_lowell_frames_are_told_apart(shared_data: Path) -> None:
    frames = [read_frames(f, TELESCOPES)[0] for f in sorted((shared_data / "lowell5945").glob("*.fz"))]
    kinds = [(f.image_type, f.band) for f in frames]
    assert kinds.count(("bias", None)) == 5
    assert kinds.count(("flat", "VR")) == 5
    assert kinds.count(("flat", "V")) == 1
    assert kinds.count(("light", "VR")) == 12
    assert len({f.detector for f in frames}) == 1
    assert all("TPV" in f.wcs for f in frames if f.image_type == "light" and f.wcs)
    assert sum(f.wcs is not None for f in frames) == 12


@pytest.mark.parametrize(
    ("cards", "reduced"), [({"CALSTAT": "BDF"}, True), ({"CALSTAT": "BD"}, False), ({"RLEVEL": 91}, True), ({}, False)]
)
def test_a_frame_that_came_reduced_is_known(tmp_path: Path, cards: dict[str, object], reduced: bool) -> None:
    (frame,) = read_frames(image(tmp_path / "a.fits", EXPTIME=5.0, **cards), TELESCOPES)
    assert frame.is_reduced is reduced
