"""What SkyBoT says, and how an empty field is told from a failure."""

import pytest
from sky_body_server import FAILED, HEAD, NOBODY, Asteroid, SkyBodies, line

from photdb.catalogs import skybot
from photdb.errors import InputError, UsageError

JUNO = Asteroid("Juno", 10.25, -0.0625, 58600.0, ra_rate=21.5, dec_rate=-7.25, v_mag=9.4, sigma=0.02, number="3")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("PHOTDB_OFFLINE", raising=False)
    sky = SkyBodies(JUNO)
    monkeypatch.setenv("PHOTDB_SKYBOT", sky.address)
    yield sky
    sky.close()


def test_a_body_comes_with_place_rates_and_distances(server):
    (body,) = skybot.ask(10.2, 0.0, 0.3, 58600.0, site="w84")
    assert (body.name, body.number, body.kind) == ("Juno", "3", "MB>Inner")
    assert body.ra == pytest.approx(10.25, abs=1e-6)
    assert body.dec == pytest.approx(-0.0625, abs=1e-6)
    assert (body.ra_rate, body.dec_rate, body.v_mag, body.sigma_arcsec) == (21.5, -7.25, 9.4, 0.02)
    assert (body.delta_au, body.r_au, body.phase_deg) == (1.60648073312, 2.50744509418, 11.95)


def test_the_question_says_cone_date_and_observatory(server):
    skybot.ask(10.2, -0.5, 0.75, 58600.25, site="w84")
    (asked,) = server.questions
    assert (asked["-ra"], asked["-dec"], asked["-rd"]) == ("10.200000", "-0.500000", "0.75000")
    assert float(asked["-ep"]) == pytest.approx(2458600.75)
    assert asked["-loc"] == "W84"


def test_that_there_is_no_body_is_an_answer(server):
    assert skybot.ask(200.0, 60.0, 0.3, 58600.0) == []


def test_a_body_without_a_number_has_none():
    text = "\n".join(["# Flag: 1", HEAD, line(Asteroid("2008 UC100", 1.0, 2.0, 0.0), 1.0, 2.0, 3.0)])
    assert skybot.understand(text)[0].number is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FAILED, "SkyBoT says: SkyBoT comet conesearch -> MySQL server"),
        ("# Flag: -1\n# Ticket: 1\nSkyBoT asteroid conesearch -> epoch not covered", "epoch not covered"),
        ("<html>maintenance</html>", "no answer of SkyBoT"),
        ("", "no answer of SkyBoT"),
        (f"# Flag: 1\n{HEAD}\n", "without a body"),
        ("# Flag: 0\n", "SkyBoT says"),
        (f"# Flag: 1\n{HEAD}\n 3 | Juno | 00 41 00.0 | -00 03", "not whole"),
        (f"# Flag: 1\n{HEAD}\n" + line(JUNO, 10.25, 0.0, 1.0).replace("00 41 00", "what"), "cannot be understood"),
        (f"# Flag: 1\n{HEAD}\n" + line(JUNO, 10.25, 95.0, 1.0), "no place"),
    ],
)
def test_what_is_no_answer_is_never_taken_for_an_empty_one(text, says):
    with pytest.raises(InputError, match=says) as error:
        skybot.understand(text)
    assert error.value.exit_code == 4


def test_an_empty_field_is_said_in_skybots_own_words():
    assert skybot.understand(NOBODY) == []


def test_a_server_that_fails_is_named_with_its_status(server):
    server.trouble = lambda n: (503, "busy")
    with pytest.raises(InputError, match="HTTP status 503"):
        skybot.ask(10.2, 0.0, 0.3, 58600.0)


def test_a_server_that_is_not_there_is_said_to_refuse(server):
    server.close()
    with pytest.raises(InputError, match="refused"):
        skybot.ask(10.2, 0.0, 0.3, 58600.0)


def test_without_a_network_nothing_is_asked(monkeypatch):
    monkeypatch.setenv("PHOTDB_OFFLINE", "1")
    with pytest.raises(UsageError, match="PHOTDB_OFFLINE"):
        skybot.ask(10.2, 0.0, 0.3, 58600.0)


@pytest.mark.parametrize("code", ["", "12", "1234", "Palomar", "AB1"])
def test_what_is_no_code_of_an_observatory_is_refused(code):
    with pytest.raises(UsageError, match="no code"):
        skybot.refuse_no_code(code)
