"""How quickly moving bodies are found among 100 000 leftovers of a night, how many of them, and how many false ones.

    python tests/benchmarks/bench_movers.py

Leftovers are strewn evenly over the frames of one field; 20 bodies of 5 to 60 arcsec/h are each in 70 % of the frames,
with errors of 0.15 arcsec. Seconds are those of the processor, for the leftovers that stand still and the search.
"""

import time

import numpy as np

from photdb.photometry.standing import standing
from photdb.photometry.tracklets import Frames, Leftovers, Limits, find_tracklets

BODIES, SIGMA = 20, 0.15


def field(m: int, n: int, half: float, hours: float, rng: np.random.Generator) -> tuple[Leftovers, Frames]:
    """Leftovers (n a frame, m frames) and frames; the first 20 rows of a frame may be bodies."""
    t = np.linspace(-hours / 2, hours / 2, m)
    x, y = rng.uniform(-half, half, (2, m * n))
    for body in range(BODIES):
        rate, angle = rng.uniform(5, 60), rng.uniform(0, 2 * np.pi)
        x0, y0 = rng.uniform(-0.7 * half, 0.7 * half, 2)
        k = np.flatnonzero(rng.uniform(size=m) < 0.7)
        x[k * n + body] = x0 + rate * np.cos(angle) * t[k] + rng.normal(0, SIGMA, len(k))
        y[k * n + body] = y0 + rate * np.sin(angle) * t[k] + rng.normal(0, SIGMA, len(k))
    unknown = np.full(m * n, np.nan)
    left = Leftovers(np.repeat(np.arange(m), n), x, y, np.full(m * n, SIGMA), unknown, unknown)
    return left, Frames(t, np.full(m, n / (2 * half) ** 2), (2 * half) ** 2)


def main() -> None:
    """Print one line a night."""
    for m, n, half, hours in (
        (100, 1000, 1800.0, 8.0),
        (400, 250, 900.0, 6.0),
        (12, 8300, 3600.0, 5.5),
        (20, 5000, 1800.0, 6.0),
    ):
        left, frames = field(m, n, half, hours, np.random.default_rng(1))
        began = time.process_time()
        moves = np.flatnonzero(~standing(left, frames, Limits(), reach=1.5))
        left = Leftovers(*(getattr(left, name)[moves] for name in Leftovers.__slots__))
        found = find_tracklets(left, frames, Limits())
        seconds = time.process_time() - began
        real = sum(np.median(moves[f.rows] % n < BODIES) == 1 for f in found)
        print(
            f"{m:4d} frames of {n:5d}: {seconds:5.2f} s, {real} of {BODIES} bodies, {len(found) - real} false",
            flush=True,
        )


if __name__ == "__main__":
    main()
