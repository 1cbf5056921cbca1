"""Which bodies of the solar system are in a field at a date: SkyBoT of IMCCE (Berthier et al. 2006, ASPC 351, 367).

Its text answer says by itself what it is: ``# Flag: 1`` and a table, ``# Flag: 0`` with the words that no body was
found, ``# Flag: -1`` and an error, all with HTTP status 200. Only the first two are answers; anything else is said and
never kept. (The VOTable of the same service calls an empty field and a failure by one name, and astroquery's reader of
it gives an empty table for both; so the text is read here.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from photdb.config import body_server, is_offline
from photdb.errors import InputError, UsageError

#: Where bodies are asked for, unless the user names another one.
SERVER = "https://ssp.imcce.fr/webservices/skybot/api/conesearch.php"

#: s; wide fields take SkyBoT a while.
PATIENCE_S = 120.0

#: SkyBoT's own limits: radius (deg), and error of a position (arcsec).
WIDEST_DEG, WORST_ARCSEC = 10.0, 120.0

#: SkyBoT from here; 500 is the centre of the Earth.
GEOCENTRE = "500"

_FLAG = re.compile(r"^#\s*Flag:\s*(-?\d+)", re.MULTILINE)
_NOBODY = re.compile(r"no solar system object was found", re.IGNORECASE)
_HEAD = re.compile(r"^#\s*(Num\s*\|.*)$", re.MULTILINE)
_CODE = re.compile(r"[A-Z0-9]\d{2}")
_HINT = "again later; nothing of it was kept"

#: Our columns and SkyBoT's.
_NUMBERS = {
    "v_mag": "Mv", "sigma_arcsec": "Err(arcsec)", "ra_rate": "dRA(arcsec/h)", "dec_rate": "dDEC(arcsec/h)",
    "delta_au": "Dg(ua)", "r_au": "Dh(ua)", "phase_deg": "Phase(deg)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """A body at the date of the question: deg (ICRS, astrometric), arcsec/h (the first with cos(dec)), arcsec, au.

    None: SkyBoT does not say.
    """

    number: str | None
    name: str
    kind: str | None
    ra: float
    dec: float
    ra_rate: float | None
    dec_rate: float | None
    v_mag: float | None
    sigma_arcsec: float | None
    r_au: float | None
    delta_au: float | None
    phase_deg: float | None


def refuse_no_code(code: str) -> str:
    """Return the MPC's code of an observatory as it writes it.

    Raises
    ------
    UsageError
        If it cannot be one.
    """
    if not _CODE.fullmatch(code.strip().upper()):
        raise UsageError(f"{code!r} is no code of an observatory", "three signs, as 688 or W84: the list of the MPC")
    return code.strip().upper()


def ask(
    ra: float,
    dec: float,
    radius_deg: float,
    mjd: float,
    *,
    site: str = GEOCENTRE,
    server: str | None = None,
    patience_s: float = PATIENCE_S,
) -> list[Body]:
    """Return the bodies in a cone.

    Parameters
    ----------
    ra, dec : float
        deg, ICRS.
    radius_deg : float
        Up to 10.
    mjd : float
        d, UTC.
    site : str, default="500"
        The MPC's code of the observatory.
    server : str, optional
        The address of a SkyBoT; by default ``$PHOTDB_SKYBOT``, else that of IMCCE.
    patience_s : float
        s; how long to wait.

    Raises
    ------
    UsageError
        If the network is forbidden, or the question cannot be put.
    InputError
        If SkyBoT could not be asked, says that it failed, or its answer is not whole.
    """
    if is_offline():
        raise UsageError(
            "SkyBoT is not asked for bodies: the network is forbidden by $PHOTDB_OFFLINE",
            "unset it; what was asked before is in the store and needs no network",
        )
    if not 0 < radius_deg <= WIDEST_DEG:
        raise UsageError(f"a cone of {radius_deg:g} deg: SkyBoT takes up to {WIDEST_DEG:g}")
    address = (server or body_server() or SERVER).rstrip("/?")
    question = {
        "-ra": f"{ra:.6f}", "-dec": f"{dec:.6f}", "-rd": f"{radius_deg:.5f}", "-ep": f"{mjd + 2400000.5:.7f}",
        "-loc": refuse_no_code(site), "-filter": f"{WORST_ARCSEC:g}", "-objFilter": "111", "-refsys": "EQJ2000",
        "-output": "all", "-mime": "text", "-from": "photdb",
    }  # fmt: skip
    return understand(_fetch(address, question, patience_s), address)


def _fetch(address: str, question: dict[str, str], patience_s: float) -> str:
    """Return the text of an answer."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.parse import urlencode
    from urllib.request import urlopen

    if not address.startswith(("https://", "http://")):
        raise UsageError(f"{address!r} is no address", f"as {SERVER}")
    try:
        with urlopen(f"{address}?{urlencode(question)}", timeout=patience_s) as answer:
            content: bytes = answer.read()
    except HTTPError as error:
        with error:
            raise InputError(f"{address}: HTTP status {error.code}", _HINT) from error
    except (OSError, HTTPException) as error:
        raise InputError(f"{address} cannot be asked: {_why(error)}", _HINT) from error
    return content.decode("utf-8", "replace")


def _why(error: Exception) -> str:
    """Return in few words why a question had no answer."""
    reason = getattr(error, "reason", error)
    text = str(reason) or type(error).__name__
    if isinstance(reason, TimeoutError) or "timed out" in text:
        return "it took too long"
    if "getaddrinfo" in text or "Name or service" in text or "name resolution" in text:
        return "its name cannot be resolved; is there a network?"
    return "the connection was refused" if "refused" in text else text[:200]


def understand(text: str, address: str = SERVER) -> list[Body]:
    """Return the bodies of an answer.

    Parameters
    ----------
    text : str
        As SkyBoT writes with ``-mime=text -output=all``.
    address : str
        Who wrote it, for messages.

    Raises
    ------
    InputError
        If it says that something failed, is no answer of SkyBoT, or is not whole.
    """
    flag = _FLAG.search(text)
    if flag is None:
        raise InputError(f"{address}: {len(text)} characters that are no answer of SkyBoT", _HINT)
    if int(flag[1]) == 0 and _NOBODY.search(text):
        return []
    head = _HEAD.search(text)
    if int(flag[1]) < 1 or head is None:
        said = " ".join(ln.strip() for ln in text.splitlines() if ln.strip() and not ln.startswith("#")) or text.strip()
        raise InputError(f"{address}: SkyBoT says: {' '.join(said.split())[:200]}", _HINT)
    names = [n.strip() for n in head[1].split("|")]
    lines = [ln for ln in text[head.end() :].splitlines() if ln.strip() and not ln.startswith("#")]
    if not lines:
        raise InputError(f"{address}: a table without a body and without saying that there is none", _HINT)
    return [_body(names, line, address) for line in lines]


def _body(names: list[str], line: str, address: str) -> Body:
    """Return the body of a line."""
    cells = [c.strip() for c in line.split("|")]
    if len(cells) != len(names):
        raise InputError(f"{address}: the answer is not whole: it has {line.strip()[:80]!r}", _HINT)
    row = dict(zip(names, cells, strict=True))
    try:
        ra, dec = 15.0 * _angle(row["RA(h)"]), _angle(row["DE(deg)"])
        numbers = {ours: _number(row.get(theirs, "")) for ours, theirs in _NUMBERS.items()}
    except (KeyError, ValueError) as error:
        raise InputError(f"{address}: a line that cannot be understood: {line.strip()[:80]!r}", _HINT) from error
    if not (0 <= ra <= 360 and -90 <= dec <= 90) or not row["Name"]:
        raise InputError(f"{address}: a body at {ra:g} {dec:+g}, which is no place", _HINT)
    number = row["Num"] if row["Num"] not in ("", "-") else None
    return Body(number=number, name=row["Name"], kind=row.get("Class") or None, ra=ra % 360.0, dec=dec, **numbers)


def _angle(text: str) -> float:
    """Return ``-00 03 45.8`` as a number."""
    parts = [float(p) for p in text.lstrip("+-").split()]
    if len(parts) != 3:
        raise ValueError(text)
    value = parts[0] + parts[1] / 60.0 + parts[2] / 3600.0
    return -value if text.lstrip().startswith("-") else value


def _number(text: str) -> float | None:
    """Return a number, None where there is none."""
    return float(text) if text not in ("", "-", "--") else None
