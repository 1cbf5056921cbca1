"""``photdb object``: one page about an object."""

import csv
import io
from pathlib import Path

import pytest
from stores import DEC, FAINT, NEIGHBOUR, RA, STAR, small_store

from photdb.cli.app import main
from photdb.sky import healpix
from photdb.store.database import Database


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "one.duckdb"
    small_store(path)
    with Database.open(path, read_only=False) as db:
        db.execute(
            f"UPDATE object SET ref_catalog = 'gaia_dr3', ref_source_id = 77, ref_colour = 0.5, "
            f"ref_colour_index = 'BP-RP', pm_ra = 1.5, pm_dec = -2.5, pm_err = 0.1, vsx_name = 'AG Peg' "
            f"WHERE object_id = {STAR}"
        )
        db.insert("refstar", [{"catalog": "vsx", "source_id": 5, "hpx": int(healpix(RA, DEC)), "ra": RA, "dec": DEC,
                               "epoch": 2000.0, "is_good": True}])  # fmt: skip
        db.insert("refname", [{"catalog": "vsx", "source_id": 5, "name": "AG Peg", "kind": "ZAND", "period": 818.2,
                               "mag_max": 6.0, "mag_min": 9.4}])  # fmt: skip
        db.insert("object_relation", [{"object_id": STAR, "other_id": NEIGHBOUR, "kind": "blend", "n_frame": 3,
                                       "separation_arcsec": 4.0, "run_id": 1}])  # fmt: skip
        db.insert("object_alias", [{"old_id": 99, "object_id": STAR, "run_id": 1}])
        event = {"event_id": 1, "run_id": 1, "time": "2026-01-02 03:04:05", "event": "merge", "object_id": 99}
        db.insert("object_event", [event | {"other_id": STAR, "n_detections": 2, "reason": "one star"}])
        db.execute(f"UPDATE detection_hot SET flags = 1024 WHERE object_id = {STAR} AND frame_id = 1")
    return path


@pytest.fixture
def page(store, capsys):
    def ask(*words: str) -> tuple[int, list[tuple[str, str, str]], str]:
        with pytest.raises(SystemExit) as end:
            main(["object", *words, "--db", str(store)])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), [tuple(row) for row in csv.reader(io.StringIO(out))][1:], err

    return ask


def test_a_page_says_ids_star_colour_points_neighbours_and_history(page):
    code, rows, err = page("ag", "peg")
    assert code == 0
    assert f"AG Peg, VSX: object {STAR}" in err
    said = {(part, what): value for part, what, value in rows}
    assert said["object", "id"] == str(STAR)
    assert said["object", "position"] == "41.580000 -30.270000 (ICRS, deg, at 2017.97)"
    assert said["object", "proper motion"] == "+1.50 -2.50 +- 0.10 mas/yr"
    assert said["object", "old id"] == "99"
    assert said["star", "reference star"] == "gaia_dr3 77"
    assert said["star", "colour BP-RP"] == "0.500 mag"
    assert said["star", "variable"] == "AG Peg, ZAND, period 818.2 d, 6.00 to 9.40 mag"
    assert said["points", "g"] == "6 in 2 nights, MJD 58107.100 to 58108.128, 1 flagged (1 as blends)"
    assert said["close", "blend"].startswith("4.00 arcsec: J024619.20-301608.0")
    assert said["close", "blend"].endswith(f"object {NEIGHBOUR}, one in 3 frames")
    assert said["history", "merge"] == "2026-01-02 03:04: 2 detections, object 99; one star"


def test_what_is_not_known_has_no_row(page):
    code, rows, _ = page(str(FAINT))
    assert code == 0
    assert [what for _, what, _ in rows] == ["id", "name", "position", "detections", "g", "r"]


@pytest.mark.parametrize(("words", "code", "said"), [([], 2, "which object?"), (["5"], 3, "no object 5")])
def test_no_object_is_said(page, words, code, said):
    assert page(*words)[0] == code
    assert said in page(*words)[2]
