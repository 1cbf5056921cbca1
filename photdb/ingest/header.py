"""Understanding a header: FITS cards in, a `FrameHeader` in our words and units out.

`read_frames` is the whole way from a file; `read_headers` and `understand` are its two halves.
"""

from __future__ import annotations

import os
from pathlib import Path

from photdb.ingest import describe
from photdb.ingest.celestial import clean_wcs
from photdb.ingest.fits import ImageHeader, read_headers
from photdb.ingest.frame_header import FrameHeader, Section, Site
from photdb.ingest.reading import Reading
from photdb.ingest.telescope import Telescope, Telescopes
from photdb.ingest.when import read_times
from photdb.times import airmass_of_one, night_of

__all__ = ["FrameHeader", "Section", "Site", "read_frames", "read_headers", "understand"]


def read_frames(path: str | os.PathLike[str], telescopes: Telescopes) -> list[FrameHeader]:
    """Read what is known of every image of a file that its telescope file wants.

    Parameters
    ----------
    path
        A FITS file.
    telescopes
        As `photdb.ingest.telescope.load_telescopes` reads them.

    Returns
    -------
    list of FrameHeader
        At least one.

    Raises
    ------
    InputError
        If the file is unreadable, empty, truncated, not FITS or without an image.
    """
    path = Path(path)
    images = [(image, telescopes.find(image.cards)) for image in read_headers(path)]
    wanted = [pair for pair in images if pair[1].wants(pair[0].cards)] or images
    return [understand(image, telescope, path=path, hdu=image.hdu) for image, telescope in wanted]


def understand(header: ImageHeader, telescope: Telescope, *, path: Path, hdu: int) -> FrameHeader:
    """Return what a header says, read as the telescope file tells.

    Parameters
    ----------
    header, telescope
        A header of `read_headers`; the telescope file it belongs to.
    path, hdu
        The file and the index of the image in it.

    Returns
    -------
    FrameHeader
        What is missing is None, or a guess named in `guesses`; what forbids the use is named in `problems`.
    """
    return explain(header, telescope, path=path, hdu=hdu)[0]


def explain(header: ImageHeader, telescope: Telescope, *, path: Path, hdu: int) -> tuple[FrameHeader, Reading]:
    """Return what a header says, as `understand`, and from which card each field was taken."""
    reading = Reading(header.cards, telescope, header.bitpix)
    width, height, n_axes = describe.size(reading, header.shape)
    image_type, object_name = describe.image_type(reading, path)
    filter_word, band = describe.passband(reading, image_type)
    exptime = describe.exposure(reading, image_type)
    start, middle = read_times(reading, exptime)
    site = describe.site(reading, start)
    wcs = clean_wcs(reading, width, height)
    ra, dec = describe.pointing(reading, wcs, width, height)
    binning = describe.binning(reading)
    frame = FrameHeader(
        path=path,
        hdu=hdu,
        telescope=telescope.name,
        detector=describe.detector(reading, hdu),
        image_type=image_type,
        object_name=object_name,
        filter=filter_word,
        band=band,
        calibrate_as=telescope.calibrate_as.get(band) if band else None,
        exptime_s=exptime,
        mjd_start=start,
        mjd_mid=middle,
        night=_night(reading, middle if middle is not None else start, site),
        ra=ra,
        dec=dec,
        site=site,
        diameter_m=reading.quantity("diameter_m", telescope.diameter),
        width=width,
        height=height,
        n_axes=n_axes,
        binning=binning,
        gain=describe.gain(reading),
        read_noise=describe.read_noise(reading),
        saturation=describe.saturation(reading),
        pixel_scale=describe.pixel_scale(reading, binning, wcs),
        rotation_deg=describe.rotation(reading, wcs),
        mirrored=describe.mirrored(reading, wcs),
        airmass=_airmass(reading, middle, ra, dec, site),
        trim=describe.section(reading, "trim", telescope.trim_cards, telescope.trim, width, height),
        overscan=describe.section(reading, "overscan", telescope.overscan_cards, telescope.overscan, width, height),
        wcs=wcs.text if wcs else None,
        bayer=describe.bayer(reading),
        guesses=tuple(reading.guesses),
        problems=tuple(reading.problems),
        is_reduced=bool(telescope.reduced.any_of) and telescope.reduced.holds(header.cards),
    )
    return frame, reading


def _night(reading: Reading, mjd: float | None, site: Site | None) -> str | None:
    """Return the evening's date; without a longitude, nights change at noon UTC."""
    if mjd is None:
        return None
    if site is None:
        reading.guess("night", "no site, so nights are counted from noon to noon UTC")
        return night_of(mjd, 0.0)
    return night_of(mjd, site.longitude)


def _airmass(
    reading: Reading, mjd: float | None, ra: float | None, dec: float | None, site: Site | None
) -> float | None:
    """Return the airmass of the card, or of the pointing."""
    said = reading.quantity("airmass", reading.telescope.airmass, low=0.99, high=40.0)
    if said is not None or mjd is None or ra is None or dec is None or site is None:
        return said
    return reading.found("airmass", airmass_of_one(mjd, ra, dec, site), "computed from time, pointing and site")
