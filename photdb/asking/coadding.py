"""Means of the fluxes of a light curve: what frames together show of a star that none of them shows alone."""

from __future__ import annotations

from photdb.asking.lightcurves import checked_sigma
from photdb.errors import UsageError
from photdb.store.answer import Answer
from photdb.store.database import statement

#: What fluxes are put together.
TOGETHER = ("night", "all")
_MARK = "SELECT * FROM lightcurve WHERE false"
_MEANINGS = {
    "n_point": ("", "fluxes in the mean"),
    "n_forced": ("", "of these, forced ones"),
    "night": ("", "date of local noon before the frames; NULL: all nights"),
    "first_mjd": ("d", "MJD (UTC) of the first"),
    "last_mjd": ("d", "MJD (UTC) of the last"),
    "mjd_mid": ("d", "MJD (UTC), weighted as the fluxes are"),
    "mag": ("mag", "of the mean flux, in mag_system; NULL where it is not positive"),
    "mag_err": ("mag", "1 sigma of the mean, without the zero points"),
    "flux_mjy": ("mJy", "weighted mean; negative stays negative; NULL unless AB, or Vega with a known offset"),
    "flux_mjy_err": ("mJy", "1 sigma of the mean, without the zero points"),
    "snr": ("", "mean flux over its error, or over its noise where that is more"),
    "limit_mag": ("mag", "5 sigma of the mean with no source in it, and with what stays from frame to frame"),
    "limit_3_mag": ("mag", "3 sigma of the mean with no source in it, likewise"),
    "is_limit": ("", "the mean is below so many sigma as were asked for: fainter than the limit"),
    "zp_sys": ("mag", "greatest error of the ties to the catalogue"),
    "chi2": ("", "of the fluxes about their mean, per degree of freedom; far above 1 the source varies"),
}


def coadded(curve: Answer, by: str, *, sigma: float | None = None) -> Answer:
    """Return the weighted means of the calibrated fluxes of a light curve, one row a band and night, or a band.

    Fluxes are added whatever their sign, in units that all frames share. Weights are of the noise of the empty
    aperture (`photdb.photometry.coadd` says why). Frames without a zero point, and points of a moving target that are
    rejected, take no part.

    Parameters
    ----------
    curve : Answer
        A light curve with all columns (`photdb.query.light_curve`).
    by : str
        One of `TOGETHER`.
    sigma : float, optional
        A mean below so many times its noise is a limit: 3 or 5 (default).

    Raises
    ------
    UsageError
        If fluxes cannot be put together so, or there are no limits of that sigma.
    """
    if by not in TOGETHER:
        raise UsageError(f"--coadd {by!r}", f"there are {' and '.join(TOGETHER)}")
    inner = curve.sql.rstrip().rstrip(";")
    if any(c.name == "rejected" for c in curve.columns):
        inner = f"SELECT * FROM ({inner}\n) AS counting WHERE rejected IS NULL"
    sql = statement("queries", "lightcurve_coadd").replace(_MARK, inner)
    parameters = {**curve.parameters, "by": by, "sigma": checked_sigma(sigma)}
    return Answer(curve.database, sql, parameters, "coadd", _MEANINGS)
