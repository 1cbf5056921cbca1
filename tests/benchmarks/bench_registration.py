"""How long registration takes a frame, and how well it does: HAT-P-32, AG Peg and a simulated survey frame.

    python tests/benchmarks/bench_registration.py [--data ../shared/data] [--step 1]

Prints milliseconds of CPU of this process for each frame, detection not included. The figures to reach are 20 ms a
frame for solving HAT-P-32 against Tycho-2 and for matching two of its frames.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ingest"))
import simulated_sky as simulated
from test_registration import brightest_apart, check_agpeg, hatp32, tycho

from photdb.ingest.registration import match_frames, register


def timed(what, jobs):
    """Run each job once after a first one to warm up; print what it cost and return the answers."""
    jobs[0]()
    spent, answers = [], []
    for job in jobs:
        start = time.process_time()
        answers.append(job())
        spent.append(1e3 * (time.process_time() - start))
    print(f"{what}: {len(jobs)} frames, median {np.median(spent):.1f} ms, worst {max(spent):.1f} ms")
    return answers


def bench_hatp32(folder, step):
    """Solve the night, and match its frames to the middle one."""
    lists, stars = hatp32(folder, step), tycho(folder, "tycho2_hatp32.csv")
    frame = {"width": 650, "height": 500}
    known = {**frame, "reference": stars, "pointing": (31.3121, 46.7691), "pixel_scale": 5.21}
    solutions = timed("HAT-P-32 solved", [lambda one=one: register(*one, **known) for one in lists])
    rms = [s.rms_arcsec / 5.168 for s in solutions]
    print(f"  rms against Tycho-2, px on one axis: median {np.median(rms):.4f}, worst {max(rms):.4f}")
    far = {**known, "pointing": (31.3121, 45.0)}
    timed("HAT-P-32, pointing 1.7 deg off", [lambda one=one: register(*one, **far) for one in lists])
    blind = {**known, "pixel_scale": None}
    timed("HAT-P-32, scale unknown", [lambda one=one: register(*one, **blind) for one in lists])
    middle = lists[len(lists) // 2]
    matched = timed(
        "HAT-P-32 to its middle frame", [lambda one=one: match_frames(*one, *middle, **frame) for one in lists]
    )
    print(f"  rms of all stars, weighted, px on one axis: median {np.median([m.rms_px for m in matched]):.4f}")
    apart = [brightest_apart(one, middle, m) for one, m in zip(lists, matched, strict=True)]
    print(f"  median distance of the 150 brightest, px: median {np.median(apart):.4f}, worst {max(apart):.4f}")


def bench_simulated():
    """Solve survey-like frames, with and without a scale."""
    rng = np.random.default_rng(1)
    stars = simulated.sky(rng, 41.58, -30.27, 0.5, 2500)
    frames = [
        simulated.frame(
            rng, stars, 41.58, -30.27, rotation=1.3 + 180 * (k % 2), deepest=300, sip=simulated.distortion(1024, 1.5)
        )
        for k in range(12)
    ]
    for name, scale in (("scale known", 1.5), ("scale unknown", None)):
        solutions = timed(
            f"simulated survey, {name}",
            [
                lambda f=f, scale=scale: register(
                    f.x,
                    f.y,
                    f.flux,
                    width=1024,
                    height=1024,
                    reference=stars,
                    pointing=(41.59, -30.26),
                    pixel_scale=scale,
                )
                for f in frames
            ],
        )
        worst = [simulated.worst_error_px(s.wcs, f.wcs, 1024, 1024) for s, f in zip(solutions, frames, strict=True)]
        print(
            f"  worst error against truth anywhere in a frame, px: median {np.median(worst):.3f}, max {max(worst):.3f}"
        )


def main():
    """Run what there are data for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[3] / "shared" / "data")
    parser.add_argument("--step", type=int, default=1, help="use every n-th frame")
    options = parser.parse_args()
    bench_simulated()
    if not options.data.is_dir():
        print(f"skipped HAT-P-32 and AG Peg: {options.data} is not here")
        return
    bench_hatp32(options.data, options.step)
    start = time.process_time()
    n = check_agpeg(options.data, max(options.step, 4))
    print(f"AG Peg refined: {n} frames, {1e3 * (time.process_time() - start) / n:.0f} ms a frame with detection")


if __name__ == "__main__":
    main()
