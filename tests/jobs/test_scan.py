"""Scanning folders."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from photdb import progress
from photdb.errors import InputError
from photdb.ingest.telescope import load_telescopes
from photdb.jobs.scan import find_files, scan

TELESCOPES = load_telescopes([Path(__file__).parents[2] / "ingest" / "telescopes"])


def frame(path: Path, **cards: object) -> Path:
    """Write a small simulated frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "TELESCOP": "SIM-0.5m", "INSTRUME": "SIMCAM", "GAIN": 1.6, "RDNOISE": 7.0, "SATURATE": 62000, "SITELAT": -30.2,
        "SITELONG": -70.7, "SITEELEV": 2200, "IMAGETYP": "Light Frame", "EXPTIME": 60.0, "FILTER": "SDSS r'",
        "OBJECT": "M 1", "DATE-OBS": "2025-11-18T01:10:00",
    } | {name.replace("_", "-"): value for name, value in cards.items()}  # fmt: skip
    fits.PrimaryHDU(np.zeros((8, 10), np.uint16), fits.Header(said)).writeto(path)
    return path


def test_frames_are_counted_by_night_filter_type_and_object(tmp_path: Path) -> None:
    for i in range(3):
        frame(tmp_path / f"night/light{i}.fits")
    frame(tmp_path / "night/deeper/g.FIT", FILTER="SDSS g'")
    frame(tmp_path / "night/bias.fts", IMAGETYP="Bias Frame", EXPTIME=0.0)
    frame(tmp_path / "next/light.fits", DATE_OBS="2025-11-19T05:10:00")
    found = scan([tmp_path], telescopes=TELESCOPES)
    rows = [
        (g.night, g.type, g.filter, g.object, f"{g.width}x{g.height}", g.exposure_s, g.count) for g in found.groups()
    ]
    assert rows == [
        ("2025-11-17", "light", "SDSS g'", "M 1", "10x8", 60.0, 1),
        ("2025-11-17", "light", "SDSS r'", "M 1", "10x8", 60.0, 3),
        ("2025-11-17", "bias", None, "M 1", "10x8", 0.0, 1),
        ("2025-11-18", "light", "SDSS r'", "M 1", "10x8", 60.0, 1),
    ]
    assert found.unusable == []


def test_what_cannot_be_read_is_listed_and_stops_nothing(tmp_path: Path) -> None:
    good = frame(tmp_path / "good.fits")
    (tmp_path / "cut.fits").write_bytes(good.read_bytes()[:2900])
    (tmp_path / "empty.fits").touch()
    (tmp_path / "text.fits").write_text("not an image at all")
    (tmp_path / "dangling.fits").symlink_to(tmp_path / "nowhere.fits")
    found = scan([tmp_path], telescopes=TELESCOPES)
    assert [h.path for h in found.headers] == [good]
    reasons = {path.name: reason for path, reason in found.unusable}
    assert set(reasons) == {"cut.fits", "empty.fits", "text.fits", "dangling.fits"}
    assert reasons["cut.fits"].startswith("truncated: HDU 0 promises 10 x 8 values")
    assert reasons["empty.fits"] == "the file is empty (0 bytes)"
    assert "no such file" in reasons["dangling.fits"]


def test_hidden_files_and_the_files_of_a_store_are_passed_over(tmp_path: Path) -> None:
    kept = [frame(tmp_path / "a.fits"), frame(tmp_path / "old.files/c.fits")]
    frame(tmp_path / ".hidden.fits")
    frame(tmp_path / ".trash/a.fits")
    frame(tmp_path / "photdb.files/master.fits")
    (tmp_path / "photdb.duckdb").touch()
    (tmp_path / "notes.txt").touch()
    assert sorted(find_files([tmp_path])) == kept


def test_a_file_is_found_once_and_links_do_not_go_round(tmp_path: Path) -> None:
    one = frame(tmp_path / "a/one.fits")
    (tmp_path / "a/back").symlink_to(tmp_path / "a")
    (tmp_path / "a/other").symlink_to(tmp_path / "b")
    linked = frame(tmp_path / "b/two.fits")
    assert list(find_files([tmp_path / "a", one])) == [one, tmp_path / "a/other/two.fits"]
    assert list(find_files([linked, tmp_path / "b"])) == [linked]


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = frame(tmp_path / "a.fits").rename(tmp_path / "a.dat")
    assert len(scan([path], telescopes=TELESCOPES).headers) == 1


@pytest.mark.parametrize("name", ["", "missing"])
def test_no_fits_file_at_all_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(InputError, match=r"no FITS file in|no such file or folder"):
        scan([tmp_path / name], telescopes=TELESCOPES)


def test_a_guess_is_told_once_for_all_its_frames(tmp_path: Path) -> None:
    for i in range(3):
        frame(tmp_path / f"{i}.fits", FILTER="Wratten 21", DATE_OBS=f"2025-11-1{i}T01:00:00")
    (guess,) = scan([tmp_path], telescopes=TELESCOPES).guesses()
    assert (guess.telescope, guess.n_frames, guess.n_nights) == ("simulator", 3, 3)
    assert guess.sentence.startswith("filter: 'Wratten 21' is not a filter known here")


def test_two_workers_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photdb.jobs.scan._CHUNK", 2)
    for i in range(5):
        frame(tmp_path / f"{i}.fits")
    (tmp_path / "bad.fits").touch()
    assert scan([tmp_path], telescopes=TELESCOPES, workers=2) == scan([tmp_path], telescopes=TELESCOPES)


def test_progress_is_told(tmp_path: Path) -> None:
    told = []

    class Ear:
        def track(self, items, description, total):  # type: ignore[no-untyped-def]
            told.append((description, total))
            yield from items

        def say(self, text: str) -> None: ...
        def warn(self, text: str) -> None: ...

    frame(tmp_path / "a.fits")
    progress.listen(Ear())
    try:
        scan([tmp_path], telescopes=TELESCOPES)
        assert told == [], "one file alone is not worth a line"
        frame(tmp_path / "b.fits")
        scan([tmp_path], telescopes=TELESCOPES)
    finally:
        progress.listen(None)
    assert told == [("reading headers", 2)]


def test_all_real_folders_are_scanned_in_one_go(shared_data: Path) -> None:
    found = scan([shared_data], telescopes=TELESCOPES)
    assert len(found.headers) == 195
    assert found.unusable == []
    counts = {(g.telescope, g.night, g.type): g.count for g in found.groups() if g.filter in ("Clear", "VR", None)}
    assert counts[("microobservatory", "2017-12-19", "light")] == 142
    assert counts[("lowell42_nasa42", "2019-03-25", "light")] == 12
    assert counts[("lowell42_nasa42", "2019-03-25", "bias")] == 5
