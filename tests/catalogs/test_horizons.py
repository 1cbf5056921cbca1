"""JPL Horizons: what is asked, how the step is chosen, and what an answer that is no table says."""

from __future__ import annotations

import numpy as np
import pytest
from horizons_server import HEAD, NO_DATES, PLANETS, SEVERAL, UNKNOWN, Horizons, place

from photdb.catalogs.bodies import body_of, is_body
from photdb.catalogs.fetch_vizier import ServiceError
from photdb.catalogs.horizons import Site, judge, path_of
from photdb.errors import InputError, NotFoundError, UsageError
from photdb.sky import separation_arcsec

LOWELL = Site("Lowell Observatory, Anderson Mesa", -111.5355, 35.09675, 2206.0)
FIRST, LAST = 58568.104, 58568.342


@pytest.fixture(autouse=True)
def online(monkeypatch):
    monkeypatch.delenv("PHOTDB_OFFLINE", raising=False)


@pytest.fixture
def horizons():
    server = Horizons()
    yield server
    server.close()


def ask(server: Horizons, name: str = "5945", site: Site = LOWELL):
    return path_of(name, site, FIRST, LAST, server=server.address, pause=lambda attempt: None)


@pytest.mark.parametrize(
    ("name", "command", "kind"),
    [
        ("5945", "5945", "smallbody"),
        ("(5945) Roachapproach", "5945", "smallbody"),
        ("5945 Roachapproach", "5945", "smallbody"),
        ("2001 Einstein", "2001", "smallbody"),
        ("2001_SF", "2001 SF", "designation"),
        ("2001 SF_", "2001 SF", "designation"),
        ("1998qe2", "1998 QE2", "designation"),
        ("A801 AA", "A801 AA", "designation"),
        ("2040 P-L", "2040 P-L", "designation"),
        ("C/2020 F3 (NEOWISE)", "C/2020 F3", "designation"),
        ("C/2020_F3", "C/2020 F3", "designation"),
        ("29P/Schwassmann-Wachmann", "29P", "designation"),
        ("90000030;", "90000030;", None),
        ("DES=1984 SQ3;", "DES=1984 SQ3;", None),
    ],
)
def test_names_of_bodies_follow_pps_rules_for_object(name, command, kind):
    assert is_body(name)
    assert (body_of(name).command, body_of(name).kind) == (command, kind)


@pytest.mark.parametrize(
    "name", ["HAT-P-32", "M67", "AG Peg", "2MASS J0412", "flat", "GRB 2001", "2017-12-20", "Ceres"]
)
def test_other_names_do_not_look_like_bodies_but_may_be_asked_for(name):
    assert not is_body(name)
    assert body_of(name).kind is None


def test_a_path_is_asked_for_the_site_and_good_to_50_mas_between_its_rows(horizons):
    path = ask(horizons)
    (question,) = horizons.questions
    assert question["COMMAND"] == "5945;"
    assert [float(v) for v in question["SITE_COORD"].split(",")] == pytest.approx([-111.5355, 35.09675, 2.206])
    assert path.source == (
        "JPL Horizons: 5945 Roachapproach (1984 SQ3), Lowell Observatory, Anderson Mesa, step 60 min"
    )
    assert path.notes == ()
    mjd = np.linspace(FIRST, LAST, 100)
    at = path.at(mjd)
    assert separation_arcsec(at.ra, at.dec, *place(mjd, -111.5355)).max() < 0.05
    assert (at.delta_au[0], at.phase_deg[0], at.v_mag[0]) == pytest.approx((1.2, 15.2345, 16.812))
    assert at.r_au == pytest.approx(2.1 + (mjd - 58568) / 100)
    assert at.sigma_arcsec[0] == pytest.approx(0.1)


def test_steps_are_made_smaller_until_places_between_rows_are_good():
    server = Horizons(distance=1e-4)  # inside the orbit of the Moon
    try:
        path = ask(server)
        assert [q["STEP_SIZE"] for q in server.questions] == ["60m", "15m"]
        assert "step 15 min" in path.source
        mjd = np.linspace(FIRST, LAST, 100)
        at = path.at(mjd)
        assert separation_arcsec(at.ra, at.dec, *place(mjd, -111.5355, distance=1e-4)).max() < 0.05
    finally:
        server.close()


def test_an_observatory_code_is_a_site_too(horizons):
    path = ask(horizons, site=Site("Anderson Mesa", code="688"))
    assert horizons.questions[0]["CENTER"] == "688"
    assert "SITE_COORD" not in horizons.questions[0]
    assert path.ra[3] == pytest.approx(place(path.mjd[3:4])[0][0])


def test_of_a_comets_orbits_that_of_the_apparition_is_asked_for_else_the_latest(horizons):
    horizons.known.add("DES=29P; CAP<2458934.0; NOFRAG;")
    ask(horizons, "29P/Schwassmann-Wachmann")
    horizons.known = {"DES=29P; CAP; NOFRAG;", "DES=C/2020 F3;"}
    ask(horizons, "29P")
    ask(horizons, "C/2020 F3 (NEOWISE)")
    asked = [q["COMMAND"] for q in horizons.questions]
    assert asked[0] == asked[1]
    assert asked[1].startswith("DES=29P; CAP<24589")
    assert asked[2:] == ["DES=29P; CAP; NOFRAG;", "DES=C/2020 F3;"]


def test_a_body_that_is_not_known_is_said_in_the_words_of_horizons(horizons):
    with pytest.raises(NotFoundError, match="knows no body 'nobody': No matches found") as caught:
        ask(horizons, "nobody")
    assert caught.value.exit_code == 3
    assert len(horizons.questions) == 1


@pytest.mark.parametrize(
    ("name", "listed", "hint"),
    [("Halley", "2688 (undefined) Halley; 90000030 1986 1P Halley", '"2688;"'), ("Neptune", "8 Neptune Bary", '"8;"')],
)
def test_the_candidates_of_an_ambiguous_name_are_listed(horizons, name, listed, hint):
    with pytest.raises(NotFoundError, match="2 bodies") as caught:
        ask(horizons, name)
    assert listed in caught.value.what
    assert hint in caught.value.hint


def test_dates_that_horizons_has_no_places_for_are_said(horizons):
    with pytest.raises(InputError, match="prior to"):
        ask(horizons, "2001 SF")


def test_a_passing_failure_is_asked_again_and_a_lasting_one_is_not(horizons):
    horizons.trouble = lambda n: (503, "busy") if n < 2 else None
    assert len(ask(horizons)) > 5
    assert len(horizons.questions) == 3
    horizons.trouble = lambda n: (400, "BATVAR: no such thing")
    with pytest.raises(ServiceError, match="HTTP status 400 for '5945': BATVAR: no such thing"):
        ask(horizons)
    assert len(horizons.questions) == 4


@pytest.mark.parametrize(
    "text",
    ["", HEAD + "$$SOE\n 2019-Mar-26 02:00, 2458568.58", "<html><body>Bad gateway</body></html>", "API VERSION: 9"],
)
def test_an_answer_without_a_whole_table_is_an_error(text):
    with pytest.raises(ServiceError):
        judge(200, text, "5945")


def test_rows_for_other_dates_than_those_asked_for_are_an_error(horizons):
    whole = horizons.answer

    def shorter(n: int):
        question = dict(horizons.questions[-1])
        question["STOP_TIME"] = "2019-03-26 06:00"
        return 200, whole(question)

    horizons.trouble = shorter
    with pytest.raises(ServiceError, match="not of all the dates"):
        ask(horizons)


def test_without_a_network_it_is_said_so_at_once(monkeypatch):
    with pytest.raises(ServiceError, match="the connection was refused") as caught:
        path_of("5945", LOWELL, FIRST, LAST, server="http://127.0.0.1:9/api")
    assert caught.value.exit_code == 4
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    with pytest.raises(UsageError, match="forbidden"):
        path_of("5945", LOWELL, FIRST, LAST)


@pytest.mark.parametrize("text", [UNKNOWN, SEVERAL, PLANETS, NO_DATES])
def test_no_text_without_a_table_is_taken_for_one(text):
    with pytest.raises((NotFoundError, InputError)):
        judge(200, text, "x")
