"""A VizieR of our own on this machine: answers in VizieR's layout, and everything that can go wrong with one."""

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

import numpy as np

from photdb.sky import separation_arcsec

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns="http://www.ivoa.net/xml/VOTable/v1.3"
  xsi:schemaLocation="http://www.ivoa.net/xml/VOTable/v1.3 http://www.ivoa.net/xml/VOTable/v1.3">
  <DESCRIPTION>VizieR Astronomical Server of the tests</DESCRIPTION>
  <INFO name="service_protocol" value="ASU">IVOID of the protocol</INFO>
  <INFO ID="VERSION" name="votable-version" value="1.99+"/>
  <INFO name="queryParameters" value="3">
{question}
  </INFO>
"""
TAIL = "</VOTABLE>\n"

#: What VizieR says when its database is away: HTTP status 200, no table (reported in astropy/astroquery#3626).
DATABASE_AWAY = (
    HEAD.format(question="").replace("<VOTABLE", "<ns0:VOTABLE").replace('xmlns="', 'xmlns:ns0="')
    .replace("INFO", "ns0:INFO")
    .replace("DESCRIPTION", "ns0:DESCRIPTION")
    + '  <ns0:INFO ID="Error" name="Error" value="The database is not reachable now." />\n'
    + '  <ns0:INFO name="QUERY_STATUS" value="ERROR">no connection</ns0:INFO>\n</ns0:VOTABLE>\n'
)  # fmt: skip

Columns = dict[str, tuple[str, str, list]]


def _field(name: str, kind: str, unit: str) -> str:
    size, said = ' arraysize="*"' if kind == "char" else "", f' unit="{unit}"' if unit else ""
    return f'      <FIELD name="{name}" datatype="{kind}"{size}{said}><DESCRIPTION>one</DESCRIPTION></FIELD>\n'


def document(table: str, columns: Columns, rows: list[int], question: str = "") -> str:
    """Rows of a table as VizieR writes them; columns: name -> (datatype, unit, values)."""
    fields = "".join(_field(name, kind, unit) for name, (kind, unit, _) in columns.items())
    cells = [
        "<TR>" + "".join(f"<TD>{'' if v[i] is None else v[i]}</TD>" for _, _, v in columns.values()) + "</TR>"
        for i in rows
    ]
    data = "<DATA><TABLEDATA>\n" + "\n".join(cells) + "\n</TABLEDATA></DATA>" if rows else ""
    return (
        HEAD.format(question=question)
        + f'  <RESOURCE ID="yCat" name="{table.rpartition("/")[0]}">\n'
        + f'    <TABLE ID="{re.sub("[^A-Za-z0-9]", "_", table)}" name="{table}">\n{fields}      {data}\n    </TABLE>\n'
        + f"  </RESOURCE>\n{TAIL}"
    )


class Sky:
    """A server with the stars of one table.

    Parameters
    ----------
    table : str
    columns : dict
        Name -> (datatype, unit, values), the first two being the position in degrees.
    """

    def __init__(self, table: str, columns: Columns) -> None:
        self.table, self.columns = table, columns
        self.questions: list[dict[str, str]] = []
        #: What happens to a question, by its number: None is the answer itself.
        self.trouble: Callable[[int], tuple[int, bytes, float] | None] = lambda n: None
        self._lock = threading.Lock()
        sky = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, content, slow = sky.answer(body)
                if slow:
                    sky.released.wait(slow)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    return  # who asked has gone

            def log_message(self, *_: object) -> None:
                return

        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: str) -> tuple[int, bytes, float]:
        question = dict(line.partition("=")[::2] for line in body.splitlines())
        with self._lock:
            self.questions.append(question)
            number = len(self.questions) - 1
        if question["-source"] != self.table:
            return 404, b"no such table", 0.0
        trouble = self.trouble(number)
        return trouble if trouble is not None else (200, self.rows(question).encode(), 0.0)

    def rows(self, question: dict[str, str]) -> str:
        assert question["-source"] == self.table
        ra, dec = (float(v) for v in re.match(r"([\d.]+)([+-][\d.]+)", question["-c"]).groups())
        size, unit = next((v, k) for k, v in question.items() if k.startswith("-c.r"))
        radius = float(size) * {"-c.rd": 3600, "-c.rm": 60, "-c.rs": 1}[unit]
        places = [np.array(values[2], dtype=float) for values in list(self.columns.values())[:2]]
        inside = np.flatnonzero(separation_arcsec(ra, dec, *places) <= radius)
        wanted = question["-out"].split(",")
        columns = {name: column for name, column in self.columns.items() if name in wanted}
        return document(
            self.table, columns, [int(i) for i in inside], escape("\n".join(f"{k}={v}" for k, v in question.items()))
        )
