"""``photdb zeropoint`` on the command line: every option does what it says, and every refusal says what was found."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from photdb.cli import app as cli
from photdb.store.database import Database


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """Eight frames in r of 80 stars with g, r and i in gaiaxp and r in apass9, and one frame nothing is known of."""
    path = tmp_path_factory.mktemp("zeropoint") / "s.duckdb"
    rng = np.random.default_rng(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "jobs"))
        from zeropoint_store import add_frame, add_objects, add_reference, random_sky
    with Database.open(path, read_only=False, create=True) as db:
        db.insert("aperture", [{"aperture_id": k, "kind": "arcsec", "diameter": 5.0 * k} for k in (1, 2)])
        sky = random_sky(rng, 80)
        colour = rng.normal(0.9, 0.4, 80)
        add_reference(db, sky, sky.mag + rng.normal(0, 0.02, 80))
        for source, (r, c) in enumerate(zip(sky.mag, colour, strict=True)):
            for band, mag in (("g", r + 0.6 * c), ("i", r - 0.4 * c)):
                db.insert("refmag", [{"catalog": "gaiaxp", "source_id": source, "band": band, "mag": mag,
                                      "mag_err": 0.02, "mag_system": "AB", "is_good": True}])  # fmt: skip
        add_reference(db, sky, sky.mag + 0.2, catalog="apass9")
        add_objects(db, sky)
        for frame_id in range(1, 9):
            add_frame(db, rng, sky, frame_id, 22.5 - 0.1 * frame_id, airmass=1.0 + 0.1 * frame_id)
        add_frame(db, rng, sky, 9, 22.5, band="Wratten_21")
    return path


@pytest.fixture
def photdb(original, monkeypatch, capsys, tmp_path):
    """Run a command line on a store of its own: (exit code, stdout, stderr)."""
    path = tmp_path / "s.duckdb"
    shutil.copy(original, path)
    monkeypatch.setenv("PHOTDB", str(path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def settings(n: int = 1) -> dict:
    """Return what the n-th calibration has kept."""
    with Database.open("s.duckdb") as db:
        return json.loads(db.one("SELECT settings FROM calibration WHERE cal_id = $n", n=n))


def zero_points() -> list[dict]:
    """Return the zero points in use of the primary aperture."""
    with Database.open("s.duckdb") as db:
        return db.rows("SELECT * FROM zeropoint_active WHERE aperture_id = 0 ORDER BY frame_id").dicts()


def test_a_calibration_says_what_it_found_on_stderr(photdb):
    code, out, err = photdb("zeropoint")
    assert (code, out) == (0, "")
    assert "r: 8 frames AB, gaiaxp: zero points 21.6" in err
    assert "colour term" in err
    assert "Wratten_21: 1 frame left instrumental: no reference stars in band Wratten_21" in err
    assert "calibration 1: 9 frames use it now" in err


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--method", "ubercal"], {"method": "ubercal"}),
        (["--method", "pp", "--min-stars", "0.6"], {"method": "pp", "min_stars": 0.6}),
        (["--catalog", "apass9", "--catalog", "gaiaxp"], {"catalog": ["apass9", "gaiaxp"]}),
        (["--colour-term", "-0.05", "--colour", "g-r"], {"colour_term": -0.05, "colour": "g-r"}),
        (["--spatial", "2", "--spatial-per", "frame"], {"spatial": 2, "spatial_per": "frame"}),
        (["--magnitude-term", "--extinction"], {"magnitude_term": True, "extinction": True}),
        (["--robust", "median", "--primary-only"], {"robust": "median", "primary_only": True}),
        (["--zp", "25.3", "0.02"], {"method": "manual", "zp": [25.3, 0.02]}),
    ],
)
def test_options_of_the_fit_are_kept_with_the_calibration(photdb, words, kept):
    assert photdb("zeropoint", *words)[0] == 0
    assert {k: settings()[k] for k in kept} == kept


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["--mag", "12.5,16"], {"mag_lower": 12.5, "mag_upper": 16.0}),
        (["--mag", "auto"], {"dynamic_range": True, "mag_lower": None}),
        (["--mag", ",16"], {"mag_lower": None, "mag_upper": 16.0}),
        (["--snr", "20", "--max-snr", "500"], {"snr": 20.0, "max_snr": 500.0}),
        (["--inner", "0.9", "--isolation", "4"], {"inner": 0.9, "isolation_arcsec": 4.0}),
        (["--max-flag", "3", "--mask-flags", "48"], {"max_flag": 3, "mask_flags": 48}),
        (["--max-ref-err", "0.1", "--doubtful", "--variables"],
         {"max_ref_err": 0.1, "only_good": False, "drop_known": False}),
    ],
)  # fmt: skip
def test_options_of_the_selection_are_kept_with_the_calibration(photdb, words, kept):
    assert photdb("zeropoint", *words)[0] == 0
    assert {k: settings()["select"][k] for k in kept} == kept


def test_cuts_that_leave_no_star_are_said(photdb):
    code, _, err = photdb("zeropoint", "--class-star", "0.8", "--frames", "1")
    assert code == 5
    assert "80 reference stars, none usable: 80 not like a star" in err


def test_a_catalogue_may_be_asked_for(photdb):
    assert photdb("zeropoint", "--catalog", "apass9")[0] == 0
    assert [z["catalog"] for z in zero_points()[:8]] == ["apass9"] * 8
    assert zero_points()[0]["zp"] == pytest.approx(22.6, abs=0.02)


def test_a_run_may_be_kept_without_being_used(photdb):
    photdb("zeropoint")
    code, _, err = photdb("zeropoint", "--method", "frame", "--no-activate", "--note", "a try")
    assert code == 0
    assert "calibration 2: kept; `photdb zeropoint activate 2`" in err
    assert {z["cal_id"] for z in zero_points()} == {1}


def test_a_worse_run_says_so_and_is_not_used(photdb):
    photdb("zeropoint")
    code, _, err = photdb("zeropoint", "--zp", "24", "0.1")
    assert code == 5
    assert "calibration 2 is worse than what" in err
    assert "--force" in err
    assert {z["cal_id"] for z in zero_points()} == {1}
    assert photdb("zeropoint", "--zp", "24", "0.1", "--force")[0] == 0
    assert {z["zp"] for z in zero_points()} == {24.0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "best"], "method 'best'"),
        (["--method", "manual"], "--zp 25.3 0.02"),
        (["--colour-term", "some"], "colour term 'some'"),
        (["--colour", "g"], "colour g"),
        (["--spatial", "7"], "spatial order 7"),
        (["--mag", "bright"], "--mag: 'bright' is not a range"),
        (["--fwhm", "3"], "write 12,16.5"),
        (["--mag", "15,12"], "--mag: '15,12' holds nothing"),
        (["--zp", "nan", "0.02"], "--zp nan 0.02"),
        (["--zp", "25.3", "-1"], "an error of 0 or more"),
        (["--zp", "25.3", "nan"], "an error of 0 or more"),
        (["--method", "pp", "--zp", "25.3", "0.02"], "method pp with a zero point"),
        (["--catalog", "ps1"], "no reference stars of catalogue 'ps1'"),
        (["--frames", "1-x"], "write 3,7-12"),
    ],
)
def test_words_that_mean_nothing_are_refused_and_nothing_is_written(photdb, words, said):
    code, _, err = photdb("zeropoint", *words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    with Database.open("s.duckdb") as db:
        assert db.one("SELECT count(*) FROM calibration") == 0


def test_what_the_fit_could_not_have_is_said(photdb):
    _, _, err = photdb("zeropoint", "--colour", "u-g")
    assert "no colour term: too few stars with u-g" in err
    _, _, err = photdb("zeropoint", "--magnitude-term", "--extinction")
    assert "magnitude term" in err
    assert "mag per airmass" in err
    _, _, err = photdb("zeropoint", "--frames", "1", "--extinction")
    assert "no extinction" in err


def test_relative_frames_say_why_the_catalogue_does_not_serve(photdb):
    assert photdb("zeropoint", "--mag", ",1", "--primary-only")[0] == 0
    with Database.open("s.duckdb") as db:
        rows = db.rows("SELECT reason FROM zeropoint WHERE mag_system = 'relative'").rows
    assert rows
    assert all("magnitude out of range" in reason for (reason,) in rows)


def test_a_frame_that_is_not_there_is_not_found(photdb):
    code, _, err = photdb("zeropoint", "--frames", "99")
    assert code == 3
    assert "frame 99 is not in the store" in err


def test_frames_that_cannot_be_calibrated_exit_with_5_and_keep_their_reason(photdb):
    code, _, err = photdb("zeropoint", "--frames", "9")
    assert code == 5
    assert "none of 1 frames could be calibrated" in err
    assert zero_points()[0]["reason"].startswith("no reference stars in band Wratten_21")
