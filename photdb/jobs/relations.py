"""Stars that stand close: neighbours, blends, and detections that hold the light of two.

Two stars are neighbours when the one's light reaches into the aperture of the other in a typical frame of the place,
and a blend when the worst frames of the place do not tell them apart. In a frame that does not resolve a blend and in
which only one of the two is detected, that detection holds the light of both: it has the flag MERGED, in frames that
came before the pair was known too. A flux step by seeing is thereby marked. The flag is this module's alone and follows
from the detections there are: it is taken away where it does not hold any more.

The work list are the frames that were not looked at since they were measured; all of it is set-wise SQL.
"""

from __future__ import annotations

from dataclasses import dataclass

from photdb.photometry.flags import Flag
from photdb.store.database import Database

#: FWHM; stars nearer than this to each other are neighbours: the radius of an aperture of 3 FWHM, and as much for the
#: wings of the other star.
NEIGHBOUR = 3.0

#: FWHM; two stars nearer than this may be detected as one.
BLEND = 1.5

#: Medians; a frame worse than this is no measure of which stars are blends.
WORST = 3.0

#: A star that adds less than this part of the other one's light is not missed.
SHARE = 0.01


#: Nor is one that would not have been seen there by itself, at this signal to noise: it may just be too faint.
SNR = 5.0

#: A star that less than this part of the frames shows that should tell it apart is a fault of a few frames.
TOLD = 1 / 3


@dataclass(frozen=True, slots=True)
class Relations:
    """What became of it: pairs of the stars in the new frames, and detections found to hold the light of two."""

    n_frame: int = 0
    n_neighbour: int = 0
    n_blend: int = 0
    n_merged: int = 0

    def line(self) -> str:
        """Return it in one line."""
        return (
            f"{self.n_neighbour} neighbours, {self.n_blend} blends, {self.n_merged} detections of two stars in one, "
            f"in {self.n_frame} frames"
        )


def update_relations(db: Database, run_id: int) -> Relations:
    """Look at the pairs of the stars that new frames, or frames measured again, cover.

    In all their frames, not only in the new ones: what a pair's light is, and whether it is a blend at all, changes
    with every frame. So the flags are those of the detections there are, in whatever order these came.

    Parameters
    ----------
    db : Database
        Open for writing; all is written in one transaction.
    run_id : int
        Of the run at work.

    Returns
    -------
    Relations
    """
    return _update(db, run_id, whole=bool(db.job("relation_gone").rows[0][0]))


def rebuild_relations(db: Database, run_id: int) -> Relations:
    """Look at all pairs anew: after objects were matched anew."""
    with db.transaction():
        db.job("relation_forget_all")
        db.job("relation_undone_all")
    return _update(db, run_id, whole=True)


def _update(db: Database, run_id: int, *, whole: bool) -> Relations:
    """Look at the pairs of the stars in new frames, or of all stars, and write what is found."""
    db.job("relation_frames")
    n_frame = int(db.one("SELECT count(*) FROM rel_frame"))
    if not n_frame and not whole:
        return Relations()
    limits = {"neighbour": NEIGHBOUR, "blend": BLEND}
    flag = int(Flag.MERGED)
    db.job("relation_touched", whole=whole)
    db.job("relation_cells", **limits, most=WORST)
    db.job("relation_pairs", **limits)
    db.job("relation_looked")
    db.job("relation_blends")
    db.job("relation_seen")
    db.job("relation_suspects", blend=BLEND)
    db.job("relation_merged", share=SHARE, snr=SNR, told=TOLD)
    db.job("relation_changes", flag=flag, whole=whole)
    with db.transaction():
        for table in ("hot", "cold"):
            db.job(f"relation_flag_{table}", flag=flag)
        db.job("relation_forget")
        db.job("relation_write", run_id=run_id)
        db.job("relation_undone")
        db.job("relation_done")
    n_neighbour, n_blend, n_merged = db.job("relation_counts").rows[0]
    return Relations(n_frame, int(n_neighbour), int(n_blend), int(n_merged))
