"""A JPL Horizons of our own on this machine: tables in its layout, and everything that can go wrong with one."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np

MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
STARS = "*" * 79

HEAD = f"""API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

{STARS}
Ephemeris / API_USER Sat Nov 21 20:00:00 2026 Pasadena, USA      / Horizons
{STARS}
Target body name: {{name}}         {{{{source: JPL#64}}}}
Center body name: Earth (399)                     {{{{source: DE441}}}}
Center-site name: {{site}}
{STARS}
RA format       : DEG
Time format     : BOTH
{STARS}
 Date__(UT)__HR:MN, Date_________JDUT, , ,R.A.___(ICRF), DEC____(ICRF),   APmag,  S-brt,                r,       rdot,\
             delta,     deldot,     S-T-O,  RA_3sigma, DEC_3sigma,
{STARS}
"""

UNKNOWN = f"""API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

{STARS}
JPL/DASTCOM            Small-body Index Search Results     2026-Nov-21 20:00:00

 Comet AND asteroid index search:

    NAME = NOBODY;

 Matching small-bodies:

   No matches found.
{STARS}
"""

SEVERAL = f"""API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

{STARS}
JPL/DASTCOM            Small-body Index Search Results     2026-Nov-21 20:00:00

 Comet AND asteroid index search:

    NAME = HALLEY;

 Matching small-bodies:

    Record #  Epoch-yr  Primary Desig  >MATCH NAME<
    --------  --------  -------------  -------------------------
        2688            (undefined)     Halley
    90000030    1986    1P              Halley

 (2 matches. To SELECT, enter record # (integer), followed by semi-colon.)
{STARS}
"""

PLANETS = f"""API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

{STARS}
Multiple major-bodies match string "NEPTUNE*"

  ID#      Name                               Designation  IAU/aliases/other
  -------  ---------------------------------- -----------  -------------------
        8  Neptune Barycenter
      899  Neptune

   Number of matches =  2. Use ID# to make unique selection.
{STARS}
"""

NO_DATES = f"""API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

{STARS}
 No ephemeris for target "2001 SF" prior to A.D. 2001-SEP-16 00:00:00.0000 UT
{STARS}
"""


def place(mjd: np.ndarray, east: float = 0.0, *, distance: float = 1.2, speed: float = 14.6) -> tuple:
    """Return ra, dec (deg) of a body that goes east and has the parallax of a turning Earth at a longitude (deg)."""
    day = 2 * np.pi * (mjd - 58568.0) + np.radians(east)
    ra = 150.0 + speed * 24 * (mjd - 58568.0) / 3600 / np.cos(np.radians(10.0))
    return (ra + 8.8 / 3600 / distance * np.cos(day)) % 360, 10.0 + 8.8 / 3600 / distance * 0.5 * np.sin(day)


class Horizons:
    """A server that knows one body, "5945 Roachapproach (1984 SQ3)".

    Parameters
    ----------
    distance : float
        au, of the body: how much its path is bent.
    """

    def __init__(self, distance: float = 1.2) -> None:
        self.distance = distance
        self.questions: list[dict[str, str]] = []
        #: What happens to a question, by its number: None is the answer itself.
        self.trouble: Callable[[int], tuple[int, str] | None] = lambda n: None
        self.known = {"5945;", "DES=1984 SQ3;", "5945 Roachapproach"}
        horizons = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                question = {k: v[0].strip("'\"") for k, v in parse_qs(urlsplit(self.path).query).items()}
                horizons.questions.append(question)
                said = horizons.trouble(len(horizons.questions) - 1)
                status, text = said if said is not None else (200, horizons.answer(question))
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/horizons.api"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, question: dict[str, str]) -> str:
        asked = question["COMMAND"]
        if asked == "Halley":
            return SEVERAL
        if asked == "Neptune":
            return PLANETS
        if asked == "DES=2001 SF;":
            return NO_DATES
        if asked not in self.known:
            return UNKNOWN
        assert question["QUANTITIES"] == "1,9,19,20,24,36"
        assert (question["CSV_FORMAT"], question["EPHEM_TYPE"]) == ("YES", "OBSERVER")
        start, stop = (
            datetime.strptime(question[k], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) for k in ("START_TIME", "STOP_TIME")
        )
        step = timedelta(minutes=int(question["STEP_SIZE"].removesuffix("m")))
        east = float(question["SITE_COORD"].split(",")[0]) if "SITE_COORD" in question else 0.0
        site = "(user defined site below)" if "SITE_COORD" in question else question["CENTER"]
        rows = []
        while start <= stop:
            mjd = (start - MJD_0).total_seconds() / 86400
            ra, dec = place(np.array(mjd), east, distance=self.distance)
            rows.append(
                f" {start:%Y-%b-%d %H:%M}, {mjd + 2400000.5:.9f},*,m,  {ra:.9f}, {dec:.9f},  16.812,   n.a., "
                f"{2.1 + (mjd - 58568) / 100:.12f},  5.1234567, {self.distance:.14f}, 10.1234567,   15.2345, "
                "     0.300,      0.150,"
            )
            start += step
        return (
            HEAD.format(name="5945 Roachapproach (1984 SQ3)", site=site) + "$$SOE\n" + "\n".join(rows) + "\n$$EOE\n"
            + STARS + "\n"
        )  # fmt: skip
