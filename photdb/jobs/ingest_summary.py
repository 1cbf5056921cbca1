"""What became of an ingest, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What became of a night; `n_without` detections have a place on the sky and belong to no object."""

    night: str | None
    n_frames: int
    n_ok: int
    n_detections: int
    n_new_objects: int
    zero_points: str
    n_without: int = 0


@dataclass(slots=True)
class IngestSummary:
    """What became of an ingest."""

    nights: list[NightSummary] = field(default_factory=list)
    n_known: int = 0
    n_calibration: int = 0
    n_unusable: int = 0
    n_duplicate: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def n_frames(self) -> int:
        """Science frames that were tried, unreadable files among them."""
        return sum(n.n_frames for n in self.nights) + self.n_unusable

    @property
    def n_ok(self) -> int:
        """Science frames measured."""
        return sum(n.n_ok for n in self.nights)

    def line(self) -> str:
        """Return the whole in one line."""
        parts = [f"{self.n_ok} of {self.n_frames} science frames measured"]
        if self.n_frames > self.n_ok:
            parts.append(f"{self.n_frames - self.n_ok} failed (photdb frames --state failed)")
        if self.n_known:
            parts.append(f"{self.n_known} files already known")
        if self.n_duplicate:
            parts.append(f"{self.n_duplicate} copies of known files passed over")
        if self.n_calibration:
            parts.append(f"{self.n_calibration} calibration frames")
        return ", ".join(parts)


def without_name(reason: str) -> str:
    """Return a reason without the file it begins with, so that like ones can be counted."""
    head, colon, rest = reason.partition(": ")
    return rest if colon and ("/" in head or "." in head) else reason


def frames_in_words(n: int) -> str:
    """Return a number of frames in words."""
    return "1 frame" if n == 1 else f"{n} frames"
