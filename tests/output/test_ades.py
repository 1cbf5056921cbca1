"""ADES: every element by the rules of submit.xsd (version 2022), errors and digits, and what is never reported."""

import io
import re
import shutil

import pytest
from moving_store import ASTEROID, FAINT_IN, FAR_OFF, NAME, measured_in, moving_store
from stores import N_FRAMES, WITHOUT_ZP, mjd_of

from photdb import query
from photdb.cli.app import run
from photdb.errors import UsageError
from photdb.jobs.reports import completed
from photdb.output import ades, formats, reports
from photdb.store.database import Database

_DECIMAL = r"[+-]?(0|[1-9]\d*)(\.\d*)?"
_POSITIVE = r"(?=[\d.]*[1-9])(0|[1-9]\d*)(\.\d*)?"
_CATALOG = r"[.A-Za-z0-9_]{1,8}"
#: The elements of an optical observation in their order, with what submit.xsd allows in each.
ELEMENTS = {
    "permID": r"\d+([IPD](-[A-Z]{1,2})?)?",
    "provID": r"\d{4} [A-HJ-Y][A-HJ-Z]\d*|\d{4} (P-L|T-[123])|[ADCPX]/\d{4} [A-Z]{1,2}\d*(-[A-Z])?",
    "trkSub": r"[-A-Za-z0-9_]{1,8}",
    "mode": r"[A-Za-z0-9_]{1,3}",
    "stn": r"[A-Za-z0-9_]{3,4}",
    "obsTime": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z",
    "ra": r"([1-3][0-9]{2}|[1-9]?[0-9])?(\.[0-9]{0,9})?",
    "dec": r"[+-]?([1-9]?[0-9])?(\.[0-9]{0,9})?",
    "rmsRA": rf"(?=.{{1,7}}$){_POSITIVE}",
    "rmsDec": rf"(?=.{{1,7}}$){_POSITIVE}",
    "astCat": _CATALOG,
    "mag": rf"(?=[+-]?.{{1,7}}$){_DECIMAL}",
    "rmsMag": rf"(?=.{{1,6}}$){_POSITIVE}",
    "band": r"[A-Za-z0-9_]{1,3}",
    "fltr": r"[A-Za-z0-9_]{1,3}",
    "photCat": _CATALOG,
    "photAp": rf"(?=.{{1,6}}$){_POSITIVE}",
    "logSNR": rf"(?=[+-]?.{{1,5}}$){_DECIMAL}",
    "seeing": rf"(?=.{{1,6}}$){_POSITIVE}",
    "exp": rf"(?=.{{1,6}}$){_POSITIVE}",
    "rmsFit": rf"(?=.{{1,6}}$){_POSITIVE}",
    "nStars": r"[1-9]\d{0,5}",
    "remarks": r"[^|]{1,300}",
}
REQUIRED = {"mode", "stn", "obsTime", "ra", "dec", "astCat"}
CONTEXT = {"observatory": {"mpcCode"}, "submitter": {"name"}, "measurers": {"name"},
           "telescope": {"design", "aperture", "detector"}}  # fmt: skip
MORE = {"observers", "software", "comment", "fundingSource"}
CHILDREN = {
    "mpcCode", "name", "institution", "design", "aperture", "detector", "fRatio", "pixelScale", "astrometry",
    "photometry", "objectDetection", "line",
}  # fmt: skip


def read(text):
    """The context (group -> children) and observations of each block, by the rules of PSV."""
    blocks, group = [], ""
    for line in text.splitlines():
        if line.startswith("# version"):
            assert line == "# version=2022"
        elif line.startswith("#"):
            group = line[1:].split()[0]
            if group == "observatory":
                blocks.append(({}, []))
            blocks[-1][0].setdefault(group, [])
        elif line.startswith("!"):
            name, _, value = line[1:].strip().partition(" ")
            blocks[-1][0][group].append((name, value))
        elif all(re.match(r"[a-z]", word.strip()) for word in line.split("|")):
            columns = [word.strip() for word in line.split("|")]
        else:
            values = [word.strip() for word in line.split("|")]
            blocks[-1][1].append({k: v for k, v in zip(columns, values, strict=True) if v})
    return blocks


def faults(text):
    """What MPC's validator would not take."""
    found = [] if text.startswith("# version=2022\n# observatory\n") else ["no version"]
    for context, observations in read(text):
        for group, wanted in CONTEXT.items():
            have = [name for name, _ in context.get(group, [])]
            found += [f"{group} without {name}" for name in wanted - set(have)]
        found += [f"group {g}" for g in context if g not in {*CONTEXT, *MORE}]
        found += [f"{n}={v!r}" for c in context.values() for n, v in c if n not in CHILDREN or not v or len(v) > 100]
        for one in observations:
            names = list(one)
            order = [list(ELEMENTS).index(n) for n in names if n in ELEMENTS]
            found += ["order"] if order != sorted(order) or len(order) != len(names) else []
            found += [f"no {n}" for n in REQUIRED if n not in one]
            found += [f"{n}={v!r}" for n, v in one.items() if not re.fullmatch(ELEMENTS.get(n, "-"), v)]
            found += [] if {"permID", "provID", "trkSub"} & set(one) else ["no designation"]
            found += ["mag without band"] if ("mag" in one) != ("band" in one) else []
            found += [n for n in ("rmsMag", "photCat", "photAp", "fltr") if n in one and "mag" not in one]
            found += [] if 0 <= float(one.get("ra", -1)) < 360 and abs(float(one.get("dec", 99))) <= 90 else ["place"]
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return moving_store(tmp_path_factory.mktemp("ades") / "moving.duckdb")


@pytest.fixture
def store(path, tmp_path):
    """A store of one's own."""
    with Database.open(shutil.copy(path, tmp_path / "own.duckdb"), read_only=False) as db:
        yield db


def report(db, **options):
    out = io.StringIO()
    answer = query.export(db, "lightcurve", objects=[ASTEROID], question=ades.QUESTION)
    said = {"observers": "J. Doe; A. N. Other", "obscode": "A99", "aperture": "0.3", "astcat": "Gaia2"} | options
    formats.refuse_other_rows(answer, "ades")
    ades.stream(completed(db, answer, [ASTEROID], said.get("reject")), out, **{k: v for k, v in said.items() if v})
    return out.getvalue()


def test_a_report_has_no_fault_by_the_rules_of_the_schema(store):
    text = report(store, f_ratio="4.5", comment="first | light", institution="Home", funding="nobody")
    assert faults(text) == []
    ((context, observations),) = read(text)
    assert len(observations) == N_FRAMES - 1
    assert context["observers"] == [("name", "J. Doe"), ("name", "A. N. Other")] == context["measurers"]
    assert ("name", "J. Doe") in context["submitter"]
    assert context["comment"] == [("line", "first / light")]
    assert {o["permID"] for o in observations} == {"5945"}


def test_the_rules_find_what_is_wrong(store):
    text = report(store)
    for good, bad in (
        ("# version=2022", "# version=2021"), ("! aperture 0.30\n", ""), ("|CCD", "|CCDD"), ("Z|", "|"),
        ("|Gaia2", "|     "), ("5945  |", "59A5  |"), ("band", "bund"), ("! design", "! desire"),
    ):  # fmt: skip
        assert good in text
        try:
            said = faults(text.replace(good, bad))
        except (AssertionError, KeyError, ValueError):
            continue
        assert said, bad


def test_what_astropy_reads_is_what_was_measured(store):
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    ((_, observations),) = read(report(store))
    kept = [k for k in range(1, N_FRAMES + 1) if k != FAR_OFF]
    for frame_id, one in zip(kept, observations, strict=True):
        assert Time(one["obsTime"].rstrip("Z"), scale="utc").mjd == pytest.approx(mjd_of(frame_id), abs=7e-8)
        place = SkyCoord(float(one["ra"]), float(one["dec"]), unit="deg")
        assert place.separation(SkyCoord(*measured_in(frame_id), unit="deg")).arcsec < float(one["rmsRA"])


def test_errors_are_of_the_centroid_and_of_the_fit_and_digits_follow_them(store):
    ((_, observations),) = read(report(store))
    row = {"fwhm_arcsec": 3.0, "snr": 404.0 / 1.1, "wcs_rms_arcsec": 0.1, "wcs_n_star": 50}
    assert float(observations[0]["rmsRA"]) == pytest.approx(reports.error_of_place(row), abs=6e-4)
    assert reports.error_of_place(row) == pytest.approx(((0.6 * 3 * 1.1 / 404) ** 2 + 0.01 / 50) ** 0.5)
    faint = observations[FAINT_IN - 2]  # one before it is rejected
    assert float(faint["rmsRA"]) == pytest.approx(0.6 * 3 * 1.1 / 2, rel=1e-3)
    assert len(faint["ra"].split(".")[1]) == 5 < len(observations[0]["ra"].split(".")[1]) == 7
    assert len(faint["mag"].split(".")[1]) == 2 < len(observations[0]["mag"].split(".")[1]) == 3
    assert (observations[0]["rmsFit"], observations[0]["nStars"]) == ("0.10", "50")
    assert float(observations[0]["rmsMag"]) == pytest.approx((0.002**2 + 0.00296**2) ** 0.5, abs=6e-4)


def test_magnitudes_are_on_a_system_or_left_out(store):
    ((_, observations),) = read(report(store))
    kept = [k for k in range(1, N_FRAMES + 1) if k != FAR_OFF]
    for frame_id, one in zip(kept, observations, strict=True):
        assert ("mag" in one) == (frame_id != WITHOUT_ZP)
        if "mag" in one:
            assert (one["band"], one["photCat"], one["photAp"]) == ("Sg", "PS1_DR1", "4.0")
    store.execute("UPDATE zeropoint SET mag_system = 'relative'")
    ((_, observations),) = read(report(store))
    assert len(observations) == N_FRAMES - 1
    assert not any({"mag", "band", "photCat", "rmsMag"} & set(one) for one in observations)


def test_an_unfiltered_magnitude_is_of_the_band_it_is_tied_to(store):
    store.execute("UPDATE zeropoint SET mag_system = 'tied', ref_band = 'G', catalog = 'gaia_dr3'")
    store.execute("UPDATE frame SET band = 'clear'")
    text = report(store)
    assert faults(text) == []
    ((_, observations),) = read(text)
    assert (observations[0]["band"], observations[0]["fltr"], observations[0]["photCat"]) == ("G", "C", "Gaia3")


def test_own_names_and_designations_go_where_they_belong(store):
    for words, column, value in (
        ("my rock 1", "trkSub", "myrock1"), ("2018 AA1234", "provID", "2018 AA1234"), ("1P/Halley", "permID", "1P")
    ):  # fmt: skip
        text = report(store, designation=words)
        assert faults(text) == []
        assert {one[column] for _, some in read(text) for one in some} == {value}
    store.execute("UPDATE target SET name = 'tracklet 2019-03-25.1' WHERE target_id = 7")
    with pytest.raises(UsageError, match="7 at most"):
        report(store)
    store.execute("UPDATE target SET name = 'my long rock', designation = '2019 UO' WHERE target_id = 7")
    assert {one["provID"] for _, some in read(report(store)) for one in some} == {"2019 UO"}


def test_two_telescopes_are_two_blocks(store):
    store.execute("UPDATE frame SET telescope = 'lowell42_nasa42' WHERE frame_id < 7")
    store.execute("UPDATE frame SET telescope = 'skycamt' WHERE frame_id >= 7")
    text = report(store, obscode="")
    assert faults(text) == []
    blocks = read(text)
    assert [context["observatory"][0] for context, _ in blocks] == [("mpcCode", "688"), ("mpcCode", "J13")]
    assert [len(some) for _, some in blocks] == [5, 6]


def test_a_site_without_a_code_says_where_it_is(store):
    text = report(store, obscode="XXX")
    assert faults(text) == []
    assert read(text)[0][0]["comment"] == [("line", "Long. 20.00000 deg E, Lat. -30.00000 deg, Alt. 500 m")]


def test_a_telescope_without_a_diameter_is_refused(store):
    assert "! aperture 0.50" in report(store, aperture="")  # of the file of the simulator
    store.execute("UPDATE frame SET telescope = 'skycamt'")
    with pytest.raises(UsageError, match="diameter of the telescope"):
        report(store, aperture="")
    with pytest.raises(UsageError, match="not 'big'"):
        report(store, aperture="big")


def test_every_code_is_one_of_the_mpcs():
    known = reports.codes()
    words = (
        " Ac Ao B Bj c C g G Gb Gr H i I Ic IR J K L Lg Li Lr Lu Lx Ly Lz o Pg Pi Pr Pw Py Pz r R Rc Sg Si Sr Sz u U "
        "Uj UNK v V Vj VR w W y Y z "
    )  # MPC's list of bands, those that are accepted
    assert all(f" {code} " in words for code in (*known["bands"].values(), *known["filters"].values()))
    assert set(known["catalogs"].values()) <= set(known["astrometry"]["names"])
    from photdb.bands import bands

    assert {*known["bands"], *known["filters"]} <= set(bands())


def test_the_command_writes_the_report_of_a_target(path, tmp_path):
    out = tmp_path / "report.psv"
    asked = ["export", "lightcurve", "--format", "ades", "--target", NAME, "--db", str(path)]
    options = ["--set", "observers=J. Doe", "--set", "obscode=A99", "--set", "aperture=0.3", "--set", "astcat=Gaia2"]
    assert run([*asked, *options, "-o", str(out)]) == 0
    assert faults(out.read_text()) == []
    assert run([*asked, *options, "--set", "reject=none", "-o", str(tmp_path / "all.psv")]) == 0
    assert len(read((tmp_path / "all.psv").read_text())[0][1]) == N_FRAMES
