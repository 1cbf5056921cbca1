"""Cut-outs of frames: the right pixels, the right place, and a reason where there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from nights import make, with_catalogue

from photdb.cli.app import run
from photdb.errors import InputError, NotFoundError
from photdb.jobs.ingest import ingest
from photdb.jobs.stamps import refuse_all_failed, sought, stamps
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stamps")
    make(folder / "survey", nights=1, frames=3)
    path = with_catalogue(folder / "survey.duckdb", folder / "survey")
    ingest([folder / "survey"], store=path, workers=2)
    return path


@pytest.fixture(scope="module")
def star(store: Path) -> tuple[int, float, float]:
    """A bright star of every frame, well inside: object_id, ra, dec."""
    with Database.open(store) as db:
        rows = db.rows(
            "SELECT d.object_id, any_value(o.ra), any_value(o.dec) FROM detection AS d "
            "JOIN frame AS f USING (frame_id) JOIN object AS o USING (object_id) WHERE d.flags = 0 "
            "GROUP BY ALL HAVING count(*) = (SELECT count(*) FROM frame WHERE state = 'ok') "
            "AND min(least(d.x, d.y, f.width - d.x, f.height - d.y)) > 60 ORDER BY avg(d.flux) DESC LIMIT 1"
        ).rows
    return int(rows[0][0]), float(rows[0][1]), float(rows[0][2])


def test_the_star_is_in_the_middle_of_every_stamp_where_it_was_measured(store, star):
    with Database.open(store) as db:
        whose = sought(db, [], object_id=star[0])
        cut = stamps(db, whose)
        fwhm = dict(db.rows("SELECT frame_id, fwhm_px FROM frame").rows)
    assert len(cut) == len(whose.frames) >= 3
    assert [s.mjd for s in cut] == sorted(s.mjd for s in cut)
    for stamp in cut:
        assert stamp.pixels is not None
        assert stamp.pixels.shape == (2 * stamp.half + 1, 2 * stamp.half + 1)
        row, column = np.unravel_index(np.argmax(stamp.pixels), stamp.pixels.shape)
        assert np.hypot(column + stamp.left - stamp.x, row + stamp.bottom - stamp.y) < 0.5 * fwhm[stamp.frame_id]
        assert stamp.measured is not None
        assert np.hypot(stamp.measured["x"] - stamp.x, stamp.measured["y"] - stamp.y) < 0.5


def test_north_and_east_of_a_stamp_are_those_of_its_frame(store, star):
    """A star to the north of another one is in the direction of north from it."""
    _, ra, dec = star
    with Database.open(store) as db:
        here, there = (stamps(db, sought(db, [str(ra), str(d)]))[0] for d in (dec, dec + 30 / 3600))
        beside = stamps(db, sought(db, [str(ra + 30 / 3600 / np.cos(np.radians(dec))), str(dec)]))[0]
    for other, direction in ((there, here.north), (beside, here.east)):
        moved = np.array([other.x - here.x, other.y - here.y])
        assert np.linalg.norm(moved) * here.scale == pytest.approx(30, rel=0.01)
        assert moved / np.linalg.norm(moved) == pytest.approx(direction, abs=0.01)


def test_a_place_at_the_edge_has_a_smaller_stamp_and_one_outside_has_none(store):
    with Database.open(store) as db:
        width, wcs = db.rows("SELECT width, wcs FROM frame WHERE frame_id = 1").rows[0]
        from photdb.ingest.wcs import pixel_to_sky, wcs_from_text

        ra, dec = pixel_to_sky(wcs_from_text(wcs), [width - 3.0], [100.0])
        (stamp,) = stamps(db, sought(db, [str(ra[0]), str(dec[0])]), frames=[1])
        assert stamp.pixels is not None
        assert stamp.pixels.shape[1] == stamp.half + 3
        assert stamp.pixels.shape[0] == 2 * stamp.half + 1
        with pytest.raises(NotFoundError, match="no measured frame"):
            sought(db, ["200", "80"])
        with pytest.raises(NotFoundError, match="not in any of the chosen frames"):
            stamps(db, sought(db, [str(ra[0]), str(dec[0])]), frames=[9999])


def test_a_frame_whose_file_is_gone_is_a_stamp_with_the_reason_and_the_others_are_cut(store, star, tmp_path, capsys):
    with Database.open(store) as db:
        path = Path(db.one("SELECT path FROM frame WHERE frame_id = 2"))
        hidden = path.rename(path.with_suffix(".hidden"))
        try:
            cut = {s.frame_id: s for s in stamps(db, sought(db, [], object_id=star[0]))}
        finally:
            hidden.rename(path)
    assert cut[2].pixels is None
    assert "no such file" in cut[2].why_not
    assert all(s.pixels is not None for k, s in cut.items() if k != 2)
    with pytest.raises(InputError, match="none of 1 frames"):
        refuse_all_failed([cut[2]])


def test_a_moving_target_is_cut_where_its_path_has_it(store, star, tmp_path):
    _, ra, dec = star
    with Database.open(store) as db:
        first, last = db.rows("SELECT min(mjd_mid), max(mjd_mid) FROM frame WHERE state = 'ok'").rows[0]
    rate = 20.0 / 3600 / max(last - first, 1e-6)  # 20 arcsec to the north over the night
    rows = [f"{m:.8f},{ra:.8f},{dec + rate * (m - first):.8f}" for m in np.linspace(first - 0.01, last + 0.01, 9)]
    (tmp_path / "path.csv").write_text("\n".join(["mjd,ra,dec", *rows]) + "\n")
    assert run(["target", "add", "Wanderer", "--ephemeris", str(tmp_path / "path.csv"), "--db", str(store)]) == 0
    with Database.open(store) as db:
        cut = stamps(db, sought(db, ["wanderer"]))
    assert len(cut) >= 3
    a, b = cut[0], cut[-1]
    from photdb.ingest.wcs import pixel_to_sky, wcs_from_text

    with Database.open(store) as db:
        wcs = {k: wcs_from_text(w) for k, w in db.rows("SELECT frame_id, wcs FROM frame WHERE wcs IS NOT NULL").rows}
    places = [pixel_to_sky(wcs[s.frame_id], [s.x], [s.y])[1][0] for s in (a, b)]
    assert (places[1] - places[0]) * 3600 == pytest.approx(20.0 * (b.mjd - a.mjd) / (last - first), abs=0.05)


def test_the_ellipse_of_a_target_is_drawn_at_its_position_angle(store, star, tmp_path):
    from photdb.output.plot_stamps import _outline

    _, ra, dec = star
    own = tmp_path / "own.duckdb"
    shutil.copy(store, own)
    with Database.open(store) as db:
        shutil.copytree(db.files, tmp_path / db.files.name.replace(store.stem, "own"))
    place = [f"{ra}", f"{dec}", "--ellipse", "15", "5", "35", "--db", str(own)]
    assert run(["target", "add", "Galaxy", *place]) == 0
    assert run(["forced", "--target", "Galaxy", "--db", str(own), "--workers", "1"]) == 0
    with Database.open(own) as db:
        cut = stamps(db, sought(db, ["Galaxy"]))
    pa = np.radians(35)
    for stamp in cut:
        assert stamp.ellipse is not None
        outline = _outline(stamp, stamp.ellipse) - (stamp.x, stamp.y)
        longest = outline[np.argmax(np.hypot(*outline.T))]
        along = np.cos(pa) * np.array(stamp.north) + np.sin(pa) * np.array(stamp.east)
        assert np.hypot(*longest) * stamp.scale == pytest.approx(15, rel=0.02)
        assert abs(longest @ along) / np.hypot(*longest) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", ["star.png", "star.gif", "star.svg"])
def test_the_command_draws_a_sheet_or_a_film(store, star, tmp_path, capsys, name):
    picture = tmp_path / name
    assert run(["stamp", "--object", str(star[0]), "-o", str(picture), "--db", str(store), "--limit", "2"]) == 0
    assert "2 stamps of J" in capsys.readouterr().err
    if name == "star.svg":
        assert "<svg" in picture.read_text()
        return
    drawn = picture.read_bytes()
    assert drawn.startswith(b"GIF89a" if name.endswith("gif") else b"\x89PNG")
    assert name.endswith("png") or drawn.count(b"\x21\xf9\x04") == 2  # each image of a film has this block before it
    assert run(["stamp", "--object", str(star[0]), "-o", str(picture), "--db", str(store)]) == 4
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["1", "2"], 2, "needs a file"),
        (["-o", "a.png"], 2, "RA and DEC"),
        (["1", "2", "-o", "a.bmp"], 2, ".gif"),
        (["1", "2", "-o", "a.png"], 3, "no measured frame"),
        (["nobody", "-o", "a.png"], 3, "nobody"),
        (["1", "2", "-o", "a.png", "--size", "-3"], 2, "--size"),
        (["1", "2", "-o", "a.png", "--limit", "0"], 2, "--limit"),
        (["41.58", "-30.27", "-o", "a.png", "--to", "2001-01-31"], 3, "not in any of the chosen frames"),
        (["41.58", "-30.27", "-o", "a.png", "--from", "soon"], 2, "soon"),
        (["1", "2", "-o", "a.png", "--seconds", "0"], 2, "--seconds"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(store, tmp_path, monkeypatch, capsys, words, code, said):
    monkeypatch.chdir(tmp_path)
    assert run(["stamp", *words, "--db", str(store)]) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["nowhere/star.png", "nowhere/star.gif", "folder.png"])
def test_a_picture_that_cannot_be_written_is_refused_in_words(store, star, tmp_path, capsys, name):
    (tmp_path / "folder.png").mkdir()
    words = ["stamp", "--object", str(star[0]), "-o", str(tmp_path / name), "--db", str(store), "--limit", "2"]
    assert run(words) == 4
    assert "there is no picture" in capsys.readouterr().err
