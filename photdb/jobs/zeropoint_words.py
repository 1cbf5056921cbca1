"""Why a zero point is what it is, in words: its fit, what each cut asks of a star, why a catalogue was not taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from photdb.catalogs import definition
from photdb.jobs.zeropoint_settings import CUT_WORDS, CUTS, Selection, ZeropointSettings
from photdb.output.plot_zeropoint_stars import Line
from photdb.photometry.flags import Flag

Row = dict[str, Any]
Limits = tuple[float | None, float | None]


def name_of(rows: Sequence[Row], cal_id: int | None = None) -> str:
    """Return what some frames are, for a title: their number or name, band, catalogue and calibration."""
    bands = ", ".join(dict.fromkeys(str(row["band"]) for row in rows))
    cals = ", ".join(str(c) for c in dict.fromkeys(row["cal_id"] for row in rows) if c is not None)
    first = rows[0]
    which = (
        f"frame {first['frame_id']}, {Path(first['path']).name}, {first['night']}"
        if len(rows) == 1
        else f"{len(rows)} frames, {_nights(rows)}"
    )
    source = ", ".join(dict.fromkeys(source_of(row) for row in rows if row["catalog"]))
    parts = [which, f"band {bands}", source, f"calibration {cals or cal_id}"]
    return "; ".join(part for part in parts if part)


def _nights(rows: Sequence[Row]) -> str:
    """Return the nights of frames in a few words."""
    nights = sorted({str(row["night"]) for row in rows})
    return nights[0] if len(nights) == 1 else f"{nights[0]} to {nights[-1]}"


def source_of(row: Mapping[str, Any]) -> str:
    """Return which magnitudes a frame was calibrated with: catalogue, band and by which path."""
    return f"{row['catalog']} {row['ref_band']}" + (f" by {row['ref_path']}" if row["ref_path"] else "")


def frames_are(rows: Sequence[Row]) -> str:
    """Return frames in words, with their verb."""
    return f"frame {rows[0]['frame_id']} is" if len(rows) == 1 else f"all {len(rows)} frames are"


def cut_words(s: Selection, *, colour: str | None, found: Limits | None) -> dict[str, str]:
    """Return what each cut that is made asks of a star, in words with its limits, in the order of the cuts.

    Parameters
    ----------
    s : Selection
        The cuts.
    colour : str or None
        Colour index that must be known.
    found : tuple or None
        mag; the useful range that was found in the frame, None: it was not looked for.
    """
    asked = {
        "fwhm_range": _between(s.fwhm_lower, s.fwhm_upper, "FWHM", "arcsec"),
        "inner": s.inner is not None and f"in the inner {s.inner} of width and height",
        "isolation": _isolation(s.neighbours, s.isolation_arcsec),
        "magnitude": _magnitudes(s, found),
        "class_star": s.class_star is not None and f"class_star at least {s.class_star}",
        "fwhm_sigma": s.fwhm_sigma is not None and f"FWHM within {s.fwhm_sigma:g} sigma of the median",
        "elongation": _elongation(s.elongation, s.elongation_sigma),
        "flags": _flags(s.bad_flags) + (f"; flags at most {s.max_flag}" if s.max_flag is not None else ""),
        "mask": _flags(s.mask_flags),
        "snr": _between(s.snr, s.max_snr, "signal to noise", ""),
        "catalogue": s.only_good and "good in the catalogue, within the band's useful range",
        "ref_err": s.max_ref_err is not None and f"catalogue error at most {s.max_ref_err} mag",
        "solar": s.solar and "of solar colour",
        "vsx": s.drop_known and "not a known variable (VSX)",
        "varying": s.max_chi2 is not None and f"own light curve with a reduced chi2 of at most {s.max_chi2:g}",
        "colour": f"colour {colour} known" if colour else "",
    }
    return {cut: str(asked[cut]) if cut in asked else CUT_WORDS[cut] for cut in CUTS if asked.get(cut, True)}


def _between(low: float | None, high: float | None, what: str, unit: str) -> str:
    """Return a range in words, empty where there is none."""
    tail = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{what} {low:.4g}-{high:.4g}{tail}"
    if low is not None:
        return f"{what} at least {low:.4g}{tail}"
    return f"{what} at most {high:.4g}{tail}" if high is not None else ""


def _isolation(neighbours: bool, radius: float | None) -> str:
    """Return the cuts of stars that are not alone, in words."""
    words = ["no neighbour in the catalogue less than 3 mag fainter within the aperture"] if neighbours else []
    words += [f"no detection within {radius:g} arcsec"] if radius is not None else []
    return "; ".join(words)


def _magnitudes(s: Selection, found: Limits | None) -> str:
    """Return the range of magnitude, fixed and as it was found in the frame, in words."""
    words = [_between(s.mag_lower, s.mag_upper, "magnitude", "")]
    if found is not None:
        in_frame = _between(*found, "magnitude", "as found in this frame")
        words.append(in_frame or "any magnitude: too few stars to find their useful range")
    return "; ".join(filter(None, words))


def _elongation(most: float | None, sigma: float | None) -> str:
    """Return the cuts of elongated stars, in words."""
    words = [f"a/b at most {most:g}"] if most is not None else []
    words += [f"a/b within {sigma:g} sigma of the median"] if sigma is not None else []
    return "; ".join(words)


def _flags(bits: int) -> str:
    """Return bits that leave a detection out, in words; empty where there are none."""
    names = [str(flag.name).lower().replace("_", " ") for flag in Flag if flag & bits]
    return f"not {', '.join(names)}" if names else ""


def why_not(other: Row, mine: Row | None, row: Row, settings: ZeropointSettings) -> str:
    """Return why a catalogue was not taken: the first of the rules of `zeropoint_select.choose` by which it lost."""
    needed = max(settings.needed, 1)
    if other["n_star"] < needed:
        return f"fewer than {needed}"
    if (other["band"] != row["band"]) and (row["ref_band"] == row["band"]):
        return f"another band than {row['band']}"
    if other["path"] is not None and row["ref_path"] is None:
        return "transformed, where another has the band itself"
    asked = settings.catalogs
    if asked is not None:
        return f"asked for after {row['catalog']}"
    if definition.rank(other["catalog"]) > definition.rank(row["catalog"]):
        return f"ranked after {row['catalog']} (ingest/catalogs)"
    if mine is not None and other["n_star"] < mine["n_star"]:
        return "fewer stars over all frames"
    return f"the frames of this run were given {source_of(row)}"


def fit_lines(row: Mapping[str, Any]) -> list[str]:
    """Return the fit of a frame in words: zero point, errors, stars, source and terms, a line each."""
    lines = [_zero_point(row), _stars(row), f"reference   {_reference(row)}"]
    lines += [f"{name:<11} {text}" for name, text in _terms(row)]
    if row["limit_mag"] is not None:
        deep = f", {row['limit_3_mag']:.2f} (3 sigma)" if row["limit_3_mag"] is not None else ""
        lines.append(f"limit       {row['limit_mag']:.2f} mag (5 sigma){deep}")
    if row["flag"]:
        lines.append(f"flag        {row['flag']}: {row['reason'] or 'no reason given'}")
    elif row["reason"]:
        lines.append(f"note        {row['reason']}")
    return lines


def _zero_point(row: Mapping[str, Any]) -> str:
    """Return the zero point with its errors."""
    if row["zp"] is None:
        return "zero point  none"
    random = f" ± {row['zp_err']:.4f}" if row["zp_err"] is not None else ""
    tie = f" ± {row['zp_sys']:.4f} (tie to the catalogue)" if row["zp_sys"] is not None else ""
    return f"zero point  {row['zp']:.4f}{random}{tie} mag of 1 ADU/s, {row['mag_system']}"


def _stars(row: Mapping[str, Any]) -> str:
    """Return the scatter and how many stars there were."""
    scatter = f", scatter {row['zp_scatter']:.4f} mag" if row["zp_scatter"] is not None else ""
    chi2 = f", reduced chi2 {row['chi2']:.2f}" if row["chi2"] is not None else ""
    return f"stars       {row['n_star']} used of {row['n_candidate']} candidates{scatter}{chi2}"


def _reference(row: Mapping[str, Any]) -> str:
    """Return where the reference magnitudes are from."""
    if row["catalog"] is None:
        return "the other frames that share its stars" if row["mag_system"] == "relative" else "none"
    path = f"transformed by {row['ref_path']}" if row["ref_path"] else "its own magnitudes"
    return f"{row['catalog']} {row['ref_band']}, {path}"


def _terms(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the name of each term and what it is."""
    found = []
    if row["colour_term"] is not None:
        line = Line(row["colour_term"], row["colour_term_err"], row["colour_pivot"])
        found.append(("colour", f"{line.words} on {row['colour']}, pivot {line.pivot:.2f}"))
    else:
        found.append(("colour", "no term"))
    if row["mag_term"] is not None:
        line = Line(row["mag_term"], row["mag_term_err"], row["mag_pivot"])
        found.append(("magnitude", f"{line.words}, pivot {line.pivot:.2f}"))
    if row["zp_map"]:
        found.append(("place", f"{len(row['zp_map'])} coefficients: {', '.join(f'{c:+.4f}' for c in row['zp_map'])}"))
    if row["extinction"] is not None:
        error = f" ± {row['extinction_err']:.3f}" if row["extinction_err"] is not None else ""
        found.append(("extinction", f"{row['extinction']:.3f}{error} mag per airmass, of the night"))
    return found
