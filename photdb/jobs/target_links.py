"""Targets know the star at their place, and forced fluxes the object and whether their frame has a detection of it.

Objects change when detections come or are matched again: they are born, merge, split, move. So after each of that it is
all asked anew, set-wise and in SQL, and only what is another now is written.
"""

from __future__ import annotations

from photdb.store.database import Database

#: arcsec; how far the star of a target may be from it, of which the store does not know how far its detections may be.
OTHERWISE_ARCSEC = 1.0


def refresh_targets(db: Database) -> None:
    """Bring up to date which star each target is, and what follows from it for the forced fluxes; in one transaction.

    Parameters
    ----------
    db : Database
        Open for writing, with no transaction under way.
    """
    with db.transaction():
        link_targets(db)


def link_targets(db: Database) -> None:
    """Do the same within the transaction of who calls."""
    if db.one("SELECT EXISTS (FROM target)"):
        db.job("target_star", otherwise_arcsec=OTHERWISE_ARCSEC)
        db.job("target_link")
    if db.one("SELECT EXISTS (FROM forced)"):
        for job in ("forced_twice", "forced_follow", "forced_follow_removed", "forced_detected", "forced_undetected"):
            db.job(job)
