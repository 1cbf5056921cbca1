"""A SkyBoT of our own on this machine: answers in SkyBoT's layout, and what can go wrong with one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np

from photdb.sky import separation_arcsec

HEAD = (
    "# Num | Name | RA(h) | DE(deg) | Class | Mv | Err(arcsec) | d(arcsec) | dRA(arcsec/h) | dDEC(arcsec/h) | Dg(ua) | "
    "Dh(ua) | Phase(deg) | SunElong(deg) | x(au) | y(au) | z(au) | vx(au/d) | vy(au/d) | vz(au/d) | Ref. Epoch(JD)"
)
NOBODY = "# Flag: 0\n# Ticket: 178729097680769834\n# No solar system object was found in the requested FOV\n"
#: As reported in astropy/astroquery#3119 and lightkurve/lightkurve#1396: HTTP status 200.
FAILED = "# Flag: -1\n# Ticket: 181292695259995135\nSkyBoT comet conesearch -> MySQL server (asterws3.imcce.fr): \n"


@dataclass(frozen=True)
class Asteroid:
    """Where it is at a date (MJD), arcsec/h, mag, arcsec."""

    name: str
    ra: float
    dec: float
    mjd: float
    ra_rate: float = 0.0
    dec_rate: float = 0.0
    v_mag: float = 16.0
    sigma: float = 0.1
    number: str = "-"


def sexagesimal(value: float, decimals: int) -> str:
    """Write 12.5 as 12 30 00.0, with as many decimals of a second."""
    units = round(abs(value) * 3600 * 10**decimals)
    whole, part = divmod(units, 10**decimals)
    return f"{whole // 3600:02d} {whole // 60 % 60:02d} {whole % 60:02d}.{part:0{decimals}d}"


def line(a: Asteroid, ra: float, dec: float, distance: float) -> str:
    """A body as SkyBoT writes it."""
    sign = "-" if dec < 0 else "+"
    cells = [
        a.number, a.name, sexagesimal(ra / 15, 4), sign + sexagesimal(dec, 3), "MB>Inner", f"{a.v_mag:.1f}",
        f"{a.sigma:.3f}", f"{distance:.3f}", f"{a.ra_rate:.4f}", f"{a.dec_rate:.4f}", "1.60648073312", "2.50744509418",
        "11.95", "140.76", "-2.5", "-0.9", "-0.4", "0.0036", "-0.0079", "-0.0035", "2458600",
    ]  # fmt: skip
    return " | ".join(cells)


class SkyBodies:
    """A server that knows some bodies."""

    def __init__(self, *bodies: Asteroid) -> None:
        self.bodies = bodies
        self.questions: list[dict[str, str]] = []
        #: What happens to a question, by its number: None is the answer itself.
        self.trouble: Callable[[int], tuple[int, str] | None] = lambda n: None
        sky = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, text = sky.answer({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/skybot.php"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, question: dict[str, str]) -> tuple[int, str]:
        self.questions.append(question)
        trouble = self.trouble(len(self.questions) - 1)
        return trouble if trouble is not None else (200, self.text(question))

    def text(self, question: dict[str, str]) -> str:
        assert question["-mime"] == "text"
        assert question["-output"] == "all"
        ra, dec, radius = (float(question[k]) for k in ("-ra", "-dec", "-rd"))
        lines = []
        for a in self.bodies:
            hours = (float(question["-ep"]) - 2400000.5 - a.mjd) * 24
            there = a.dec + hours * a.dec_rate / 3600
            along = a.ra + hours * a.ra_rate / 3600 / np.cos(np.radians(there))
            distance = float(separation_arcsec(ra, dec, along, there))
            if distance <= 3600 * radius:
                lines.append(line(a, along % 360, there, distance))
        return "\n".join(["# Flag: 1", "# Ticket: 181292699247551035", HEAD, *lines, ""]) if lines else NOBODY
