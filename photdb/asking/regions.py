"""Places that are not a circle: a polygon on the sky, as a user types it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from photdb.errors import UsageError
from photdb.sky import parse_dec, parse_ra

Corners = list[tuple[float, float]]
_Vector = tuple[float, float, float]


def parse_polygon(text: str) -> Corners:
    """Return the corners (deg) that ``ra dec ra dec ...`` spells; commas count as blanks.

    Raises
    ------
    UsageError
        If it is no polygon.

    Examples
    --------
    >>> parse_polygon("10 -1, 11 -1, 00:42:00 +01:00:00")
    [(10.0, -1.0), (11.0, -1.0), (10.5, 1.0)]
    """
    words = text.replace(",", " ").split()
    if len(words) % 2:
        raise UsageError(
            f"polygon {text!r}: {len(words)} numbers are not pairs of RA and Dec",
            'write --polygon "10 -1 11 -1 10.5 1", sexagesimal with colons',
        )
    return refuse_no_polygon([(parse_ra(a), parse_dec(d)) for a, d in zip(words[::2], words[1::2], strict=True)])


def refuse_no_polygon(corners: Sequence[tuple[float, float]]) -> Corners:
    """Return the corners of a polygon, its first one not repeated at the end.

    Raises
    ------
    UsageError
        If there are fewer than three, sides cross, or the polygon does not fit into half of the sky.
    """
    given = [c for c, after in zip(corners, [*corners[1:], (math.nan, math.nan)], strict=True) if c != after]
    if len(given) > 1 and given[0] == given[-1]:
        given.pop()
    if len(given) < 3:
        raise UsageError(f"a polygon of {len(given)} corners holds nothing", "give three corners or more")
    flat = _flat(given)
    n = len(flat)
    for i in range(n):
        for j in range(i + 1, n):
            touching = j == i + 1 or (i == 0 and j == n - 1)
            if not touching and _cross(flat[i], flat[(i + 1) % n], flat[j], flat[(j + 1) % n]):
                raise UsageError(
                    f"the sides of the polygon after its corners {i + 1} and {j + 1} cross", "give the corners in order"
                )
    return given


def _flat(corners: Corners) -> list[tuple[float, float]]:
    """Return corners as seen from their middle, from where great circles are straight lines."""
    vectors = [_unit(*c) for c in corners]
    total = [sum(v[k] for v in vectors) for k in range(3)]
    length = math.hypot(*total)
    middle = (total[0] / length, total[1] / length, total[2] / length) if length > 1e-9 else (0.0, 0.0, 0.0)
    if min(_dot(v, middle) for v in vectors) < 1e-3:
        raise UsageError(
            "the polygon does not fit into the half of the sky about its middle", "ask with --moc, or in parts"
        )
    h = math.hypot(middle[0], middle[1])
    east = (-middle[1] / h, middle[0] / h, 0.0) if h > 1e-9 else (0.0, 1.0, 0.0)
    north = (-middle[2] * east[1], middle[2] * east[0], middle[0] * east[1] - middle[1] * east[0])
    return [(_dot(v, east) / _dot(v, middle), _dot(v, north) / _dot(v, middle)) for v in vectors]


def _unit(ra: float, dec: float) -> _Vector:
    """Return the unit vector of a position."""
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def _dot(a: _Vector, b: _Vector) -> float:
    """Return a scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether two straight sides have a point in common."""

    def side(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def on(p: tuple[float, float], q: tuple[float, float], r: tuple[float, float]) -> bool:
        within = min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])
        return within and side(p, q, r) == 0

    if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
        return True
    return on(a, b, c) or on(a, b, d) or on(c, d, a) or on(c, d, b)
