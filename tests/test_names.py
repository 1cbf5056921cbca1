"""Names: of targets, objects, variable stars, and what CDS knows; asked of a server of our own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import DEC, FAR, NEIGHBOUR, POSITIONS, RA, STAR, small_store

from photdb import query
from photdb.asking.naming import meant
from photdb.catalogs.names import CONSTELLATIONS, GREEK, spellings
from photdb.catalogs.names_online import ask
from photdb.cli.app import main
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs import target
from photdb.sky import healpix, name_of
from photdb.store.database import Database

VARIABLES = {"AG Peg": STAR, "V0838 Mon": NEIGHBOUR, "mu. Cep": FAR}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The small store with variable stars: AG Peg is linked to an object, the others are only places."""
    path = small_store(tmp_path / "named.duckdb")
    with Database.open(path, read_only=False) as db:
        for number, (name, object_id) in enumerate(VARIABLES.items(), 1):
            add_variable(db, name, *POSITIONS[object_id], number)
        db.execute(f"UPDATE object SET vsx_name = 'AG Peg' WHERE object_id = {FAR}")
    return path


def add_variable(db: Database, name: str, ra: float, dec: float, number: int) -> None:
    db.insert("refstar", [{"catalog": "vsx", "source_id": number, "hpx": int(healpix(ra, dec)), "ra": ra, "dec": dec,
                           "epoch": 2000.0, "is_good": True}])  # fmt: skip
    db.insert("refname", [{"catalog": "vsx", "source_id": number, "name": name}])


@pytest.mark.parametrize(
    ("written", "vsx"),
    [
        ("AG Peg", "AG Peg"), ("ag  peg", "AG Peg"), ("AGPeg", "AG Peg"), ("V* AG Peg", "AG Peg"),
        ("AG Pegasi", "AG Peg"), ("V838 Mon", "V0838 Mon"), ("V0838 Mon", "V0838 Mon"), ("v838mon", "V0838 Mon"),
        ("V1500 Cygni", "V1500 Cyg"), ("alpha Ori", "alf Ori"), ("α Orionis", "alf Ori"), ("ALF ORI", "alf Ori"),
        ("mu Cep", "mu. Cep"), ("mu. cep", "mu. Cep"), ("MU Cep", "MU Cep"), ("pi1 Gru", "pi.01 Gru"),
        ("π01 Gruis", "pi.01 Gru"), ("Omicron Ceti", "omi Cet"), ("chi Cyg", "khi Cyg"), ("R CMa", "R CMa"),
        ("EZ Canis Majoris", "EZ CMa"), ("RR Lyrae", "RR Lyr"), ("NSV 01234", "NSV 01234"),
        ("ASASSN-V J000000.00+000000.0", "ASASSN-V J000000.00+000000.0"),
    ],
)  # fmt: skip
def test_what_people_write_is_what_vsx_writes(written, vsx):
    assert vsx.lower().replace(" ", "") == next(iter(spellings(written)), None) or (
        vsx.lower().replace(" ", "") in spellings(written)
    )
    assert spellings(written)[0] == vsx.lower().replace(" ", "")


@given(st.text(max_size=30))
def test_any_text_has_a_spelling_without_case_and_blanks(text):
    for form in spellings(text):
        assert form == "".join(form.split()).lower()


def test_every_constellation_and_letter_is_known_by_all_its_names():
    for short, words in CONSTELLATIONS.items():
        for word in (short, *words.split()):
            assert spellings(f"RT {word}") == [f"rt{short.lower()}"]
    for letter, words in GREEK.items():
        for word in words:
            assert spellings(f"{word} And")[0] == f"{letter}and"
    assert len(CONSTELLATIONS) == 88
    assert len(GREEK) == 24


def test_a_target_goes_before_a_variable_star_and_a_linked_object_before_its_place(store):
    with Database.open(store, read_only=False) as db:
        assert query.resolve(db, ["ag", "peg"]).object_id == FAR
        assert query.resolve(db, ["AG", "Pegasi"]).label == "AG Peg, VSX"
        found = query.resolve(db, ["V838 Mon"])
        assert (found.object_id, found.label) == (NEIGHBOUR, "V0838 Mon, VSX")
        target.add(db, "AG Peg", *POSITIONS[STAR])
        found = query.resolve(db, ["AG Peg"])
        assert (found.object_id, found.label) == (STAR, "AG Peg")


def test_an_objects_own_name_is_found_in_any_case(store):
    name = name_of(*POSITIONS[FAR])
    with Database.open(store) as db:
        found = query.resolve(db, [name.lower()])
        assert (found.object_id, found.label) == (FAR, None)


def test_two_stars_of_one_name_are_not_chosen_from(store):
    with Database.open(store, read_only=False) as db:
        add_variable(db, "RR Lyr", 1.0, 2.0, 11)
        add_variable(db, "RR Lyr", 1.0, 2.0, 12)
        assert meant(db, "rr lyr").ra == pytest.approx(1.0)
        add_variable(db, "RR Lyr", 50.0, 2.0, 13)
        with pytest.raises(NotFoundError, match="3 stars of VSX are called so"):
            meant(db, "rr lyr")


def test_a_target_is_looked_for_where_its_motion_has_brought_it(store):
    ra, dec = POSITIONS[STAR]
    with Database.open(store, read_only=False) as db:
        target.add(db, "fast", ra, dec - 100 / 3600, epoch=1917.97, pm_ra=0.0, pm_dec=1000.0)
        found = query.resolve(db, ["fast"])
        assert found.object_id == STAR
        assert found.separation < 0.1


def test_a_moving_target_is_its_own_object_and_no_place(store):
    from photdb.catalogs.ephemeris_files import RawRows, checked

    none = [float("nan")] * 2
    path = checked(RawRows([58107.0, 58109.0], [RA, RA + 1], [DEC, DEC], none, none, none, "test", []), Path("a.csv"))
    with Database.open(store, read_only=False) as db:
        number = target.add_moving(db, "(5945) Roachapproach", path)
        with pytest.raises(NotFoundError, match=r"moves, and no detection"):
            query.resolve(db, ["(5945) roachapproach"])
        with pytest.raises(UsageError, match="moves: it has no one place"):
            query.place(db, ["(5945) roachapproach"])
        db.execute(f"UPDATE object SET kind = 'moving', target_id = {number} WHERE object_id = {FAR}")
        assert query.resolve(db, ["(5945) roachapproach"]).object_id == FAR


SESAME = """\
# {name}\t#Q22523722
#=S=Simbad (via url):    1
%@ 3060706
%I.0 V* AG Peg
%C.0 Sy*
%J {ra:.8f} {dec:+.8f} = 21:51:01.96 +12:37:32.1
%J.E [0.04 0.03 90] A 2020yCat.1350....0G
%P -1.886 -2.203 [0.042 0.031 90] A 2020yCat.1350....0G
%S M3III
#====Done (2026-Jan-01,07:48:43z)====
"""
NOTHING = "# {name}\t#Q1\n#!Simbad: No known catalog could be found\n#!NED: nothing\n#!VizieR: nothing\n#====Done====\n"


class Sesame:
    """A server that knows one star, in whatever trouble a test puts it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.text, self.status = SESAME, 200
        self.place = POSITIONS[STAR]
        sesame = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = unquote(self.path.partition("?")[2])
                sesame.asked.append(name)
                content = sesame.text.format(name=name, ra=sesame.place[0], dec=sesame.place[1]).encode()
                self.send_response(sesame.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/cgi-bin/nph-sesame"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def sesame(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sesame]:
    server = Sesame()
    monkeypatch.setenv("PHOTDB_OFFLINE", "0")
    monkeypatch.setenv("PHOTDB_SESAME", server.address)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    yield server
    server.close()


def test_cds_is_asked_only_when_allowed_and_only_for_what_the_store_does_not_know(store, sesame, monkeypatch):
    with Database.open(store) as db:
        with pytest.raises(NotFoundError, match="no target or object 'Z And'"):
            query.resolve(db, ["Z And"])
        assert not sesame.asked
        assert query.resolve(db, ["V838 Mon"], online=True).object_id == NEIGHBOUR
        assert not sesame.asked
        found = query.resolve(db, ["Z", "And"], online=True)
        assert (found.object_id, found.label) == (STAR, "V* AG Peg, Simbad")
        monkeypatch.setenv("PHOTDB_ONLINE", "1")
        assert query.place(db, ["Z And"]) == pytest.approx(POSITIONS[STAR], abs=1e-4)
        assert sesame.asked == ["Z And", "Z And"]
        monkeypatch.setenv("PHOTDB_OFFLINE", "1")
        with pytest.raises(NotFoundError):
            query.resolve(db, ["Z And"])
        with pytest.raises(UsageError, match="the network is forbidden by"):
            query.resolve(db, ["Z And"], online=True)
        assert len(sesame.asked) == 2


def test_the_answer_of_sesame_is_place_motion_and_service(sesame):
    said = ask("AG Peg")
    assert (said.ra, said.dec) == pytest.approx(POSITIONS[STAR])
    assert (said.name, said.pm_ra, said.pm_dec, said.service) == ("V* AG Peg", -1.886, -2.203, "Simbad")


@pytest.mark.parametrize(
    ("text", "status", "error", "words"),
    [
        (NOTHING, 200, NotFoundError, "neither Simbad nor NED nor VizieR knows 'X Y'"),
        ("", 200, InputError, "0 characters .* not whole"),
        (SESAME.replace("#====Done (2026-Jan-01,07:48:43z)====\n", ""), 200, InputError, "not whole"),
        ("<html>busy</html>", 200, InputError, "not whole"),
        ("#!Simbad: connection refused\n#====Done====\n", 200, InputError, "Simbad: connection refused"),
        (SESAME.replace("{ra:.8f}", "400.1"), 200, InputError, "no place"),
        ("busy", 503, InputError, "HTTP status 503"),
    ],
)
def test_no_answer_is_told_from_an_answer_that_nobody_knows_it(sesame, text, status, error, words):
    sesame.text, sesame.status = text, status
    with pytest.raises(error, match=words) as caught:
        ask("X Y")
    assert "photdb target add" in caught.value.hint


def test_a_server_that_is_not_there_or_does_not_answer_is_said_to_be(monkeypatch):
    monkeypatch.setenv("PHOTDB_OFFLINE", "0")
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match="it took too long"):
            ask("AG Peg", server=address, patience_s=0.2)
    with pytest.raises(InputError, match="refused"):
        ask("AG Peg", server=address, patience_s=1.0)
    with pytest.raises(UsageError, match="is no address"):
        ask("AG Peg", server="file:///etc/hostname")


def test_every_command_that_takes_a_place_says_what_was_meant(store, sesame, capsys):
    def said(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([*words, "--db", str(store)])
        return int(end.value.code or 0), *capsys.readouterr()

    code, out, err = said("lightcurve", "ag", "pegasi")
    assert (code, "(AG Peg, VSX)" in err) == (0, True), err
    assert out.startswith("object_id,") or str(FAR) in out
    code, out, err = said("cone", "V838 Mon", "2")
    assert code == 0, err
    assert "V0838 Mon (VSX): 41.58000 -30.26889" in err
    code, _, err = said("cone", "Z And", "2")
    assert code == 3
    assert "--online" in err
    code, out, err = said("cone", "Z And", "2", "--online")
    assert code == 0, err
    assert "V* AG Peg (Simbad)" in err


def test_a_target_without_a_position_is_what_vsx_or_cds_knows_and_no_failure_is_kept(store, sesame, capsys):
    def add(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["target", "add", *words, "--db", str(store)])
        return int(end.value.code or 0), capsys.readouterr().err

    assert add("AG Peg")[0] == 0
    assert not sesame.asked
    code, err = add("Z And")
    assert (code, "--online" in err) == (3, True)
    sesame.text = NOTHING
    assert add("Z And", "--online")[0] == 3
    sesame.text = SESAME
    assert add("Z And", "--online")[0] == 0
    assert sesame.asked == ["Z And", "Z And"]
    with Database.open(store) as db:
        rows = db.rows("SELECT name, pm_ra, epoch FROM target WHERE target_id > 1 ORDER BY target_id").rows
    assert rows == [("AG Peg", None, 2000.0), ("Z And", -1.886, 2000.0)]
