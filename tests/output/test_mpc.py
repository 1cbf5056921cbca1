"""The Minor Planet Center's 80 columns: designations, columns, headers, and only what was measured and calibrated."""

import io
import shutil

import pytest
from moving_store import ASTEROID, FAINT_IN, FAR_OFF, NAME, TARGET, measured_in, moving_store
from stores import N_FRAMES, STAR, WITHOUT_ZP, mjd_of

from photdb import progress, query
from photdb.cli.app import run
from photdb.errors import NotFoundError, UsageError
from photdb.jobs.reports import completed
from photdb.output import formats, mpc
from photdb.output.designation import Designation, designation_of, packed_provisional
from photdb.store.database import Database

#: The MPC's own examples (Packed Provisional and Permanent Designations; the test of IAU-ADES/ADES-Master's packUtil).
PROVISIONAL = {
    "1995 XA": "J95X00A", "1995 XL1": "J95X01L", "1995 FB13": "J95F13B", "1998 SQ108": "J98SA8Q",
    "1998 SV127": "J98SC7V", "1998 SS162": "J98SG2S", "2099 AZ193": "K99AJ3Z", "2008 AA360": "K08Aa0A",
    "2007 TA418": "K07Tf8A", "2040 P-L": "PLS2040", "3138 T-1": "T1S3138", "1010 T-2": "T2S1010",
    "4101 T-3": "T3S4101", "2026 CZ619": "K26Cz9Z", "2026 CA620": "_QC0000", "2026 CZ6190": "_QC0aEM",
    "2026 CL591673": "_QCzzzz", "2014 AA": "K14A00A", "1997 BA6": "J97B06A",
    "C/1995 A1": "J95A010", "D/1994 P1-B": "J94P01b", "C/1994 P1": "J94P010", "C/2048 X13": "K48X130",
    "C/2033 L89-C": "K33L89c", "P/2088 A103": "K88AA30",
}  # fmt: skip
NUMBERS = {
    3202: "03202", 50000: "50000", 100345: "A0345", 360017: "a0017", 203289: "K3289", 620000: "~0000",
    620061: "~000z", 3140113: "~AZaz", 15396335: "~zzzz", 5945: "05945",
}  # fmt: skip


@pytest.mark.parametrize(("written", "packed"), PROVISIONAL.items())
def test_provisional_designations_are_packed_as_the_mpc_does(written, packed):
    assert packed_provisional(written) == packed
    assert designation_of(written).prov == written
    letter = written[0] if "/" in written else " "
    assert designation_of(written).packed == f"    {letter}{packed}"
    assert designation_of(written.replace(" ", "_")) == designation_of(written)


@pytest.mark.parametrize(("number", "packed"), NUMBERS.items())
def test_numbers_are_packed_as_the_mpc_does(number, packed):
    assert Designation(perm=str(number)).packed == packed + " " * 7


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("(5945) Roachapproach", ("5945", None, None)),
        ("5945 Roachapproach", ("5945", None, None)),
        ("5945", ("5945", None, None)),
        ("1P/Halley", ("1P", None, None)),
        ("73P-BB", ("73P-BB", None, None)),
        ("C/2019 Y4 (ATLAS)", (None, "C/2019 Y4", None)),
        ("2019UO", (None, "2019 UO", None)),
        ("2I/Borisov", ("2I", None, None)),
        ("A10TlFw", (None, None, "A10TlFw")),
        ("my_rock-1", (None, None, "myrock1")),
    ],
)
def test_names_of_targets_are_understood(name, expected):
    found = designation_of(name)
    assert (found.perm, found.prov, found.temporary) == expected
    assert len(found.packed) == 12


def test_comets_and_own_names_stand_in_their_columns():
    assert designation_of("1P/Halley").packed == "0001P       "
    assert designation_of("73P-BB").packed == "0073P     bb"
    assert designation_of("73P-C").packed == "0073P      c"
    assert designation_of("A10TlFw").packed == "     A10TlFw"
    assert designation_of("2018 AA12").packed == "     K18A12A"


def test_an_own_name_is_never_cut_to_one_that_other_bodies_have_too():
    assert designation_of("tracklet 2019-03-25.1") != designation_of("tracklet 2019-03-25.2")
    for name in ("tracklet 2019-03-25.1", "Roachapproach"):
        with pytest.raises(UsageError, match="7 at most") as error:
            _ = designation_of(name).packed
        assert "--set designation=" in error.value.hint


def test_a_designation_that_cannot_be_packed_is_refused():
    for bad in (lambda: Designation(perm="15396336").packed, lambda: packed_provisional("1999 AA620"),
                lambda: packed_provisional("nothing"), lambda: designation_of("()")):  # fmt: skip
        with pytest.raises(UsageError):
            bad()


def a_row(**known):
    return {"mag": None, "mag_err": 0.02, "ades_band": None, "code": "XXX"} | known


def test_a_record_is_the_one_of_the_official_converter():
    """IAU-ADES/ADES-Master, tests/input/band_conversions.xml and tests/expected; column 72 is the MPC's to fill."""
    first = "     A10TlFw  C2023 03 07.39538117 06 15.890-19 00 27.68         14.26VV     XXX"
    row = a_row(
        who=Designation(temporary="A10TlFw"), mjd_mid=60010 + (9 * 3600 + 29 * 60 + 20.88) / 86400, ra=256.566210,
        dec=-19.007690, mag=14.26, mag_err=0.024, ades_band="VR",
    )  # fmt: skip
    assert mpc.record(row, 6) == first[:71] + " " + first[72:]
    second = "     A10TlFw  C2023 03 07.39824217 06 16.176-19 00 27.97         14.14gV     XXX"
    row |= {"mjd_mid": 60010 + (9 * 3600 + 33 * 60 + 28.07) / 86400, "ra": 256.5674, "dec": -19.00777, "mag": 14.14,
            "ades_band": "Sg"}  # fmt: skip
    written = mpc.record(row, 6)
    # the official converter cuts the date off, this one rounds it: 07.3982415 d
    assert written[:15] + written[32:] == second[:15] + second[32:71] + " " + second[72:]
    assert abs(float(written[23:32]) - float(second[23:32])) < 2e-6


def test_a_record_of_a_numbered_asteroid_is_the_one_an_observer_sent():
    sent = "00085         C2023 03 05.99841 09 14 47.01 +01 24 38.9          12.4 GV     J38"
    row = a_row(
        who=Designation(perm="85"), mjd_mid=60008.99841, ra=(9 + 14 / 60 + 47.01 / 3600) * 15,
        dec=1 + 24 / 60 + 38.9 / 3600, mag=12.4, mag_err=0.2, ades_band="G", code="J38",
    )  # fmt: skip
    assert mpc.record(row) == sent[:71] + " " + sent[72:]
    assert mpc.record(row | {"ades_band": None}) == sent[:65] + " " * 12 + "J38"


@pytest.mark.parametrize(
    ("ra", "dec", "expected"),
    [
        (0.0, 0.0, "00 00 00.00 +00 00 00.0 "),
        (359.99999999, -0.00001, "00 00 00.00 -00 00 00.0 "),
        (179.9999999, -0.9999999, "12 00 00.00 -01 00 00.0 "),
        (15.0, 89.99999, "01 00 00.00 +90 00 00.0 "),
    ],
)
def test_angles_are_rounded_once_and_never_show_sixty(ra, dec, expected):
    line = mpc.record(a_row(who=Designation(perm="1"), mjd_mid=58000.0, ra=ra, dec=dec))
    assert line[32:56] == expected


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_store(tmp_path_factory.mktemp("mpc") / "moving.duckdb")


@pytest.fixture
def store(path, tmp_path):
    """A store of one's own."""
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as db:
        yield db


@pytest.fixture
def warned():
    class Heard(list):
        def track(self, items, description, total):
            return items

        def say(self, text):
            self.append(text)

        warn = say

    heard = Heard()
    progress.listen(heard)
    yield heard
    progress.listen(None)


def report(db, *, objects=(ASTEROID,), **options):
    out = io.StringIO()
    answer = query.export(db, "lightcurve", objects=list(objects), question=mpc.QUESTION)
    said = {"observers": "J. Doe; A. N. Other", "obscode": "A99"} | options
    formats.refuse_other_rows(answer, "mpc")
    mpc.stream(completed(db, answer, list(objects), said.get("reject")), out, **{k: v for k, v in said.items() if v})
    return out.getvalue()


def records(text):
    return [line for line in text.splitlines() if len(line) == 80]


def test_a_report_has_its_header_and_a_record_of_every_measured_place_that_counts(store):
    text = report(store, astcat="Gaia2", ack="my rock", ac2="j@doe.org", aperture="0.30", contact="J. Doe, Home")
    assert text.splitlines()[:9] == [
        "COD A99", "CON J. Doe, Home", "OBS J. Doe, A. N. Other", "MEA J. Doe, A. N. Other",
        "TEL 0.30-m reflector + CCD", "NET Gaia-DR2", "NUM 11", "ACK my rock", "AC2 j@doe.org",
    ]  # fmt: skip
    lines = records(text)
    assert len(lines) == N_FRAMES - 1 == len(text.splitlines()) - 9  # without the one that is 20 arcsec off
    assert all(line.isascii() and line[:12] == "05945       " and line[77:] == "A99" for line in lines)
    assert all(line[12:15] == "  C" and line[56:65] == " " * 9 and line[71:77] == " " * 6 for line in lines)


def test_what_astropy_reads_from_a_record_is_what_was_measured(store):
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    kept = [k for k in range(1, N_FRAMES + 1) if k != FAR_OFF]
    for decimals, day, arcsec in (("5", 6e-6, 0.11), ("6", 6e-7, 0.011)):
        for frame_id, line in zip(kept, records(report(store, decimals=decimals)), strict=True):
            year, month, date = line[15:32].split()
            when = Time(f"{year}-{month}-{date[:2]}", scale="utc").mjd + float("0." + date.split(".")[1])
            assert when == pytest.approx(mjd_of(frame_id), abs=day)
            place = SkyCoord(line[32:44], line[44:56], unit=("hourangle", "deg"))
            true = SkyCoord(*measured_in(frame_id), unit="deg")
            assert place.separation(true).arcsec < arcsec


def test_magnitudes_are_of_the_band_of_the_catalogue_and_only_where_calibrated(store, warned):
    lines = records(report(store))
    kept = [k for k in range(1, N_FRAMES + 1) if k != FAR_OFF]
    for frame_id, line in zip(kept, lines, strict=True):
        if frame_id == WITHOUT_ZP:
            assert line[65:71] == " " * 6
        else:
            assert line[70] == "g"
            digits = 1 if frame_id == FAINT_IN else 2  # S/N 1.8
            assert len(line[65:70].strip().split(".")[1]) == digits
    assert any("1 of 11 places are reported without a magnitude: g is instrumental" in text for text in warned)
    store.execute("UPDATE zeropoint SET mag_system = 'relative'")
    assert {line[65:71] for line in records(report(store))} == {" " * 6}
    store.execute("UPDATE zeropoint SET mag_system = 'tied', ref_band = 'G'; UPDATE frame SET band = 'clear'")
    assert {line[70] for line in records(report(store))} == {"G", " "}
    store.execute("UPDATE zeropoint SET ref_band = 'VT'")
    assert {line[70] for line in records(report(store))} == {" "}


@pytest.mark.parametrize("shift", [None, 0.3])
def test_a_place_that_was_only_predicted_is_never_reported(store, shift):
    store.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID} AND frame_id <> 1")
    store.insert("forced", [{
        "skey": ASTEROID, "object_id": ASTEROID, "target_id": TARGET, "frame_id": 6, "aperture_id": 0,
        "method": "circle", "ra": 41.7, "dec": -30.3, "shift_ra": shift, "shift_dec": shift, "flux": 50.0,
        "flux_err": 1.0, "x": 5.0, "y": 5.0, "flags": 0, "is_detected": False, "run_id": 1,
    }])  # fmt: skip
    assert len(records(report(store, reject="none"))) == (2 if shift else 1)


def test_stars_and_what_is_cut_or_merged_are_not_reported(store, warned):
    store.execute(f"UPDATE detection_hot SET flags = 8 WHERE object_id = {ASTEROID} AND frame_id = 1")
    store.execute(f"UPDATE detection_hot SET flags = 1024 WHERE object_id = {ASTEROID} AND frame_id = 3")
    assert len(records(report(store))) == N_FRAMES - 3
    assert any("3 of 12 places are not reported" in text for text in warned)
    with pytest.raises(UsageError, match="is not a moving target"):
        report(store, objects=[STAR])
    store.execute(f"UPDATE detection_hot SET flags = 8 WHERE object_id = {ASTEROID}")
    with pytest.raises(NotFoundError, match="nothing to report"):
        report(store)


def test_a_report_of_everything_is_of_what_moves(store):
    out = io.StringIO()
    answer = query.export(store, "lightcurve", question=mpc.QUESTION)
    assert mpc.stream(completed(store, answer), out, observers="J. Doe", obscode="A99") == N_FRAMES - 1
    assert all(line.startswith("05945") for line in records(out.getvalue()))
    store.execute(f"DELETE FROM detection_hot WHERE object_id = {ASTEROID}")
    with pytest.raises(NotFoundError, match="no moving target was measured"):
        mpc.stream(completed(store, query.export(store, "lightcurve", question=mpc.QUESTION)), out, observers="J. Doe")


def test_without_a_code_it_is_refused_and_xxx_says_where_the_site_is(store):
    with pytest.raises(UsageError, match="has no code of the Minor Planet Center") as error:
        report(store, obscode="")
    assert "XXX" in error.value.hint
    text = report(store, obscode="XXX")
    assert "COM Long. 20 00 00 E, Lat. 30 00 00 S, Alt. 500m" in text.splitlines()
    store.execute("UPDATE frame SET site_latitude = NULL, site_longitude = NULL")
    with pytest.raises(UsageError, match="its place is not known"):
        report(store, obscode="XXX")


def test_a_code_of_the_telescope_file_is_taken_and_telescopes_are_parted(store):
    store.execute("UPDATE frame SET telescope = 'lowell42_nasa42' WHERE frame_id < 7")
    store.execute("UPDATE frame SET telescope = 'skycamt' WHERE frame_id >= 7")
    text = report(store, obscode="")
    assert [line[:7] for line in text.splitlines() if line.startswith("COD")] == ["COD 688", "COD J13"]
    assert {line[77:] for line in records(text)} == {"688", "J13"}
    assert "TEL 1.07-m reflector + CCD" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"observers": ""}, "who observed"),
        ({"astcat": "Gaia4"}, "no such catalogue"),
        ({"obscode": "a lot"}, "obscode"),
        ({"detector": "eye"}, "detector"),
        ({"decimals": "7"}, "decimals"),
        ({"reject": "shape"}, "no such schema"),
    ],
)
def test_what_is_missing_or_wrong_is_said(store, options, said):
    with pytest.raises(UsageError, match=said):
        report(store, **options)


def test_the_command_writes_the_report_of_a_target(path, tmp_path, capsys):
    out = tmp_path / "report.obs"
    asked = ["export", "--format", "mpc", "--target", NAME, "--db", str(path), "--set", "observers=J. Doe"]
    assert run([*asked, "--set", "obscode=A99", "-o", str(out)]) == 0
    assert len(records(out.read_text())) == N_FRAMES - 1
    err = capsys.readouterr().err
    assert "--set astcat=Gaia2" in err
    assert run([*asked, "-o", str(tmp_path / "other.obs")]) == 2
    assert not (tmp_path / "other.obs").exists()
    assert "has no code" in capsys.readouterr().err
