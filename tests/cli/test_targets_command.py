"""Light curves of a list of targets in one pass."""

import csv
import io
import logging

import pytest
from stores import DEC, FAINT, FAR, NEIGHBOUR, POSITIONS, RA, STAR

import photdb as package
from photdb.asking.targets import as_targets, find_targets, read_targets
from photdb.cli import app as cli
from photdb.errors import InputError, UsageError
from photdb.store.database import Database

LIST = """\
# my stars
Name;RAJ2000;DEJ2000;object_id
star;41.58;-30.27;
faint;02h46m21.6s;-30d15m36s;
number;;;{far}
HAT-P 99;;;
hole;41.58;-30.1;
elsewhere;200;80;
nobody;;;
J024619.20-301608.0;;;
no such number;;;17
"""


@pytest.fixture
def photdb(small_store, monkeypatch, capsys):
    """Run a command line on the small store: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PHOTDB", str(small_store))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(words))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(LIST.format(far=FAR), encoding="utf-8")
    return str(path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_targets_in_any_notation_have_the_light_curves_that_each_has_alone(photdb, listed):
    code, out, err = photdb("lightcurve", "--targets", listed)
    assert code == 0, err
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows(out):
        found.setdefault(row.pop("target"), []).append(row)
    alone = {"star": STAR, "faint": FAINT, "number": FAR, "HAT-P 99": STAR, "J024619.20-301608.0": NEIGHBOUR}
    assert list(found) == list(alone)
    for label, object_id in alone.items():
        assert found[label] == rows(photdb("lightcurve", "--object", str(object_id))[1])


def test_targets_without_an_object_are_said_with_the_reason(photdb, listed):
    _, _, err = photdb("lightcurve", "--targets", listed)
    assert "5 of 9 targets have an object, 60 points" in err
    assert "hole: no object within 5 arcsec; 12 frames of 2017-12-19 to 2017-12-20 (limits: g 20.6 mag)" in err
    assert "elsewhere: never observed: no frame covers it" in err
    assert "nobody: no target or object 'nobody'" in err
    assert "no such number: no object 17" in err


def test_choices_hold_for_every_target(photdb, listed):
    words = ["lightcurve", "--targets", listed, "--band", "g", "--from", "2017-12-21", "--aperture-id", "-1"]
    code, out, _ = photdb(*words, "--columns", "target,band,mjd_mid,aperture_id,zp_sys")
    assert code == 0
    assert {(r["band"], r["aperture_id"], r["zp_sys"]) for r in rows(out)} == {("g", "-1", "0.01")}
    assert min(float(r["mjd_mid"]) for r in rows(out)) > 58107.5
    assert len(rows(photdb("lightcurve", "--targets", listed, "--no-flags")[1])) == 60 - 12 - 3
    code, out, _ = photdb("lightcurve", "--targets", listed, "--colour-corrected", "--as", "1")
    assert code == 0
    assert "colour_source" in rows(out)[0]
    assert "cal_id" not in rows(out)[0]


def test_limits_of_targets_that_were_not_detected_are_rows_too(photdb, listed):
    code, out, err = photdb("lightcurve", "--targets", listed, "--limits")
    assert code == 0, err
    limits = [r for r in rows(out) if r["kind"] == "limit"]
    assert {r["target"] for r in limits} == {"hole"}
    assert len(limits) == 11  # the twelfth frame has no zero point, and so no limit
    assert all(r["flux"] == "" and float(r["limit_mag"]) for r in limits)


def test_targets_can_be_wider_than_the_frames_match(photdb, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(f"ra\tdec\n{RA}\t{DEC + 190 / 3600}\n")
    code, _, err = photdb("lightcurve", "--targets", str(path))
    assert code == 3
    assert "none of its 1 targets has an object" in err
    code, out, err = photdb("lightcurve", "--targets", str(path), "--radius", "11")
    assert code == 0, err
    assert {r["object_id"] for r in rows(out)} == {str(FAR)}
    assert rows(out)[0]["target"] == f"{RA} {DEC + 190 / 3600}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no targets"),
        ("ra,dec\n", "holds no targets"),
        ("a,b\n1,2\n", "columns a, b"),
        ("ra,dec\n1,2\n400,10\n", "line 3: right ascension '400'"),
        ("# x\nra,dec\n1,95\n", "line 3: declination '95'"),
        ("name,ra,dec\nA,10,\n", "line 2: declination ''"),
        ("name,ra,dec\nA,ten,10\n", "line 2: right ascension 'ten'"),
        ("name,ra,dec\n,,\n", "line 2: neither"),
        ("object_id\n12x\n", "line 2: object_id '12x'"),
        ("object_id\n99999999999999999999\n", "line 2: object_id"),
    ],
)
def test_a_list_that_cannot_be_understood_is_bad_input_with_its_line(photdb, tmp_path, text, says):
    path = tmp_path / "list.csv"
    path.write_text(text)
    code, out, err = photdb("lightcurve", "--targets", str(path))
    assert (code, out) == (4, ""), err
    assert says in err


def test_a_list_that_is_not_there_or_not_text_is_said_to_be_so(photdb, tmp_path):
    assert photdb("lightcurve", "--targets", str(tmp_path / "none.csv"))[0] == 3
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    assert photdb("lightcurve", "--targets", str(tmp_path / "binary.csv"))[0] == 4
    assert photdb("lightcurve", "--targets", str(tmp_path))[0] == 4
    code, _, err = photdb("lightcurve", "41.58", "-30.27", "--targets", "list.csv")
    assert code == 2
    assert "--targets goes without" in err


def test_many_lost_targets_are_summed_up(photdb, tmp_path):
    path = tmp_path / "list.csv"
    holes = "".join(f"h{i},{RA},{DEC + 0.06 + i / 1000}\n" for i in range(30))
    path.write_text(f"name,ra,dec\nstar,{RA},{DEC}\n{holes}" + "".join(f"e{i},10,{i}\n" for i in range(15)))
    code, _, err = photdb("lightcurve", "--targets", str(path))
    assert code == 0
    assert "1 of 46 targets have an object" in err
    assert err.count("warning: h") == 20
    assert "10 more targets: no object within 5 arcsec; observed, not detected" in err
    assert "15 more targets: never observed" in err


def test_python_asks_for_many_targets_at_once(small_store, caplog):
    with package.connect(small_store) as db, caplog.at_level(logging.WARNING, "photdb"):
        targets = [(RA, DEC), FAR, "hat-p99", {"name": "x", "ra": "02:46:21.6", "dec": "-30:15:36"}, (10.0, 10.0)]
        found = db.light_curve(targets=targets)
        assert found["target"].unique(maintain_order=True).to_list() == [f"{RA} {DEC}", str(FAR), "hat-p99", "x"]
        one = db.light_curve(object_id=FAINT)
        assert found.filter(target="x").drop("target").equals(one)
        assert "10.0 10.0: never observed" in caplog.text
        assert db.light_curve(targets=[]).height == 0
        for wrong in ([None], [(1.0,)], [(1.0, 95.0)], [2**63]):
            with pytest.raises(UsageError):
                db.light_curve(targets=wrong)
        with pytest.raises(UsageError):
            db.light_curve(RA, DEC, targets=targets)


def test_every_object_is_found_at_its_own_place_also_at_the_pole_and_ra_0(tmp_path):
    places = [(0.0, 89.9999), (180.0, 89.9999), (359.99999, 0.0), (0.00001, 10.0), (77.0, -90.0), (5.0, 5.0)]
    path = tmp_path / "poles.duckdb"
    with Database.open(path, read_only=False, create=True) as db:
        for i, (ra, dec) in enumerate(places, 1):
            db.execute(
                "INSERT INTO object (object_id, name, hpx, ra, dec, ux, uy, uz, epoch, n_detections, run_id) SELECT "
                "$i, 'J' || $i, healpix_cell($r, $d, 29), $r, $d, cos(radians($d)) * cos(radians($r)), "
                "cos(radians($d)) * sin(radians($r)), sin(radians($d)), 2020, 0, 1",
                i=i, r=ra, d=dec,
            )  # fmt: skip
        asked = [((ra + 0.0003) % 360, max(dec - 0.0003, -90.0)) for ra, dec in places]
        found = find_targets(db, as_targets(asked))
        assert [t.object_id for t in found] == [1, 2, 3, 4, 5, 6]
        far = find_targets(db, as_targets([(ra, dec - 0.01 if dec > 0 else dec + 0.01) for ra, dec in places]))
        assert [t.object_id for t in far] == [None] * 6


def test_labels_and_quotes_come_through(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text('name,ra,dec\n"O\'Neil, ""b"" [1] {x}",41.58,-30.27\n', encoding="utf-8")
    assert read_targets(path)[0].label == 'O\'Neil, "b" [1] {x}'
    assert POSITIONS[STAR] == (read_targets(path)[0].ra, read_targets(path)[0].dec)
    with pytest.raises(InputError):
        read_targets(tmp_path)
