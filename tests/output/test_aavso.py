"""AAVSO's Extended format by its own rules, and nothing in it that only looks calibrated."""

import io
import math
import re
import shutil

import pytest
from stores import FAINT, NEIGHBOUR, RA, STAR, ZP, flux_of, mjd_of

from photdb import query
from photdb.bands import aavso_code, bands
from photdb.errors import CalibrationError, InputError, UsageError
from photdb.output import formats
from photdb.store.database import Database

FILTERS = set(
    "U B V R I J H K TG TB TR CV CR SZ SU SG SR SI STU STV STB STY STHBW STHBN MA MB MI ZS Y HA HAC".split()  # noqa: SIM905
)
COLUMNS = "NAME DATE MAG MERR FILT TRANS MTYPE CNAME CMAG KNAME KMAG AMASS GROUP CHART NOTES".split()  # noqa: SIM905
WIDTHS = {"NAME": 30, "DATE": 16, "MAG": 8, "MERR": 6, "CNAME": 20, "CMAG": 8, "KNAME": 20, "KMAG": 8, "AMASS": 7,
          "GROUP": 5, "CHART": 20}  # fmt: skip


def faults(text: str) -> list[str]:
    """What WebObs would not take: the rules of AAVSO's description of the format, version 1.2, one by one."""
    found = []
    lines = text.splitlines()
    header = {}
    for line in lines:
        if line.startswith("#") and "=" in line:
            word, _, value = line[1:].partition("=")
            header.setdefault(word.strip().upper(), value.strip())
    for word in ("TYPE", "OBSCODE", "SOFTWARE", "DELIM", "DATE", "OBSTYPE"):
        if not header.get(word):
            found.append(f"no #{word}=")
    if header.get("TYPE", "").upper() != "EXTENDED":
        found.append(f"type {header.get('TYPE')}")
    if header.get("DATE", "").upper() not in ("JD", "HJD", "EXCEL"):
        found.append(f"date {header.get('DATE')}")
    if header.get("OBSTYPE", "").upper() not in ("CCD", "DSLR", "PEP"):
        found.append(f"obstype {header.get('OBSTYPE')}")
    if len(header.get("SOFTWARE", "")) > 255:
        found.append("software too long")
    delimiter = header.get("DELIM", ",")
    if delimiter in ("|", "#", " "):
        found.append(f"delimiter {delimiter!r}")
    for number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            continue
        fields = dict(zip(COLUMNS, cells := line.split(delimiter), strict=False))
        said = [f"{len(cells)} fields"] if len(cells) != len(COLUMNS) else []
        said += [f"{c} is empty" for c, v in fields.items() if not v.strip()]
        said += [f"{c} is too long" for c, v in fields.items() if len(v) > WIDTHS.get(c, 5000)]
        said += [] if line.isascii() else ["not ASCII"]
        if not re.fullmatch(r"<?-?\d+\.\d+", fields.get("MAG", "")):
            said.append(f"magnitude {fields.get('MAG')!r}")
        if not re.fullmatch(r"na|\d\.\d+", fields.get("MERR", "")):
            said.append(f"error {fields.get('MERR')!r}")
        if not re.fullmatch(r"24\d{5}\.\d+", fields.get("DATE", "")):
            said.append(f"date {fields.get('DATE')!r}")
        if fields.get("FILT") not in FILTERS:
            said.append(f"filter {fields.get('FILT')!r}")
        if fields.get("TRANS") not in ("YES", "NO"):
            said.append(f"trans {fields.get('TRANS')!r}")
        if fields.get("MTYPE") not in ("STD", "DIF", "ABS"):
            said.append(f"mtype {fields.get('MTYPE')!r}")
        if fields.get("MTYPE") == "DIF" and fields.get("CNAME") == "na":
            said.append("a difference from no star")
        found += [f"line {number}: {s}" for s in said]
    return found


def rows(text: str) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, line.split(","), strict=True)) for line in text.splitlines() if not line.startswith("#")]


@pytest.fixture
def store(small_store, tmp_path):
    """A store of one's own, every g frame calibrated with a named catalogue."""
    path = shutil.copy(small_store, tmp_path / "own.duckdb")
    with Database.open(path, read_only=False) as db:
        db.execute("UPDATE zeropoint SET catalog = 'ps1', ref_band = 'g' WHERE mag_system = 'AB'")
        yield db


def report(db: Database, object_id: int, *, band: str | None = "g", **options: str) -> str:
    out = io.StringIO()
    answer = query.export(db, "lightcurve", objects=[object_id], band=band, question="export_lightcurve")
    formats.refuse_other_rows(answer, "aavso")
    formats.format_of("aavso").stream(answer, out, **{"obscode": "XYZ", **options})
    return out.getvalue()


def test_the_report_of_a_star_has_no_fault(store):
    text = report(store, STAR)
    assert faults(text) == []
    found = rows(text)
    assert len(found) == 6
    for row, frame_id in zip(found, (1, 3, 5, 7, 9, 11), strict=True):
        assert float(row["MAG"]) == pytest.approx(ZP["g"] - 2.5 * math.log10(flux_of(STAR, frame_id)), abs=6e-4)
        assert float(row["DATE"]) == pytest.approx(mjd_of(frame_id) + 2400000.5, abs=6e-6)
        assert (row["NAME"], row["FILT"], row["MTYPE"], row["TRANS"]) == ("HAT-P 99", "SG", "STD", "NO")
        assert (row["CNAME"], row["CMAG"], row["CHART"], row["GROUP"]) == ("ENSEMBLE", "na", "ps1", "na")
        assert float(row["MERR"]) == pytest.approx(math.hypot(1.0857 * 1.1 / flux_of(STAR, frame_id), 0.002), abs=6e-4)


def test_the_validator_finds_what_is_wrong(store):
    text = report(store, STAR)
    for good, bad in (
        ("#OBSCODE=XYZ", "#OBSCODE="), ("#TYPE=Extended", "#TYPE=Visual"), (",SG,", ",g,"), (",STD,", ",DIF,na,"),
        ("ENSEMBLE", "ENSEMBLE OF VERY MANY STARS"), (",NO,", ",PERHAPS,"), ("#DATE=JD", "#DATE=BJD"),
    ):  # fmt: skip
        assert good in text
        assert faults(text.replace(good, bad, 1)) != [], bad


def test_the_check_star_is_a_constant_neighbour_and_may_be_named(store):
    (check,) = {row["KNAME"] for row in rows(report(store, STAR))}
    assert check.startswith("J0246")
    found = rows(report(store, STAR, check=str(NEIGHBOUR), kname="000-BBP-713"))
    assert {row["KNAME"] for row in found} == {"000-BBP-713"}
    for row, frame_id in zip(found, (1, 3, 5, 7, 9, 11), strict=True):
        expected = ZP["g"] - 2.5 * math.log10(flux_of(NEIGHBOUR, frame_id))
        assert float(row["KMAG"]) == pytest.approx(expected, abs=6e-4)


def test_a_flux_of_no_significance_is_a_limit(store):
    text = report(store, FAINT, name="V1234 Ori")
    assert faults(text) == []
    limits = [row for row in rows(text) if row["MAG"].startswith("<")]
    assert {row["MAG"] for row in limits} == {"<20.60"}
    assert {row["MERR"] for row in limits} == {"na"}
    assert len(limits) == len(rows(text))  # 2.0 +- 1.1 ADU/s is less than 3 sigma


@pytest.mark.parametrize("band", ["r", None])
def test_relative_magnitudes_are_refused(store, band):
    with pytest.raises(CalibrationError, match="relative: AAVSO takes calibrated magnitudes only") as error:
        report(store, STAR, band=band)
    assert "photdb zeropoint" in error.value.hint


def test_heliocentric_dates_are_those_of_astropy(store):
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    plain, helio = (rows(report(store, STAR, date=kind)) for kind in ("JD", "hjd"))
    place = SkyCoord(RA, -30.27, unit="deg")
    for a, b in zip(plain, helio, strict=True):
        late = Time(float(a["DATE"]), format="jd", scale="utc").light_travel_time(
            place, "heliocentric", location=EarthLocation.from_geocentric(0, 0, 0, unit="m")
        )
        assert float(b["DATE"]) - float(a["DATE"]) == pytest.approx(late.jd, abs=1.2e-5)
    assert "#DATE=HJD" in report(store, STAR, date="HJD")


def test_saturated_points_are_left_out_and_said(store):
    store.execute("UPDATE detection_hot SET flags = 4 WHERE frame_id = 3")
    text = report(store, STAR)
    assert len(rows(text)) == 5
    assert "# 1 points are left out" in text


def test_only_colour_corrected_magnitudes_are_called_transformed(store):
    store.execute("UPDATE zeropoint SET colour = 'g-r', colour_pivot = 0.6, colour_term = 0.0 WHERE mag_system = 'AB'")
    store.execute(
        "UPDATE zeropoint SET mag_system = 'AB', catalog = 'ps1', ref_band = 'r' WHERE mag_system = 'relative'"
    )
    out = io.StringIO()
    answer = query.export(
        store, "lightcurve", objects=[STAR], band="g", question="export_lightcurve", colour_corrected=True
    )
    formats.refuse_other_rows(answer, "aavso")
    formats.format_of("aavso").stream(answer, out, obscode="XYZ")
    transformed = {row["TRANS"] for row in rows(out.getvalue())}
    sources = {p["colour_source"] for p in store.rows(answer.sql, answer.parameters).dicts()}
    assert transformed == ({"YES"} if sources <= {"own", "catalogue"} else {"NO"})
    assert {row["TRANS"] for row in rows(report(store, STAR))} == {"NO"}


def test_what_is_missing_or_unknown_is_said(store):
    for options, said in (
        ({"obscode": ""}, "whose observations"), ({"date": "BJD"}, "date=BJD"), ({"obstype": "VIS"}, "obstype"),
        ({"check": "V1"}, "check=V1"), ({"obscode": "X Y"}, "letters and digits"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            report(store, STAR, **options)
    with pytest.raises(UsageError, match="has no name that AAVSO knows"):
        report(store, FAINT)
    with pytest.raises(UsageError, match=r"--set colour: no such option of --format aavso"):
        formats.checked_options("aavso", {"colour": "red"})
    store.execute("UPDATE frame SET band = 'OIII' WHERE band = 'g'")
    with pytest.raises(InputError, match="no code for band OIII"):
        report(store, STAR, band="OIII")


def test_names_with_commas_and_accents_do_not_break_the_columns(store):
    text = report(store, STAR, name="Ö Cyg, variable", notes="thin, high clouds; gusts")
    assert faults(text) == []
    assert rows(text)[0]["NAME"] == "? Cyg; variable"


def test_every_code_is_one_of_aavsos():
    codes = set()
    for name in bands():
        for tie in (None, "V", "R", "B"):
            codes.add(aavso_code(name, tie))
    assert codes - {None} <= FILTERS
    assert {"SG", "SR", "CV", "CR", "TG", "B", "V"} <= codes
    assert aavso_code("clear", "VT") is None  # not quite V
    assert aavso_code("g_ps1") is None
