"""What a HATS collection holds and was made from: the choice, what was written, the manifest beside its tables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from photdb.errors import InputError

#: Rows of a partition, and arcsec around one, unless a user says otherwise.
ROWS, MARGIN = 1_000_000, 10.0
MANIFEST = "photdb_manifest.json"
#: Counts the arrangement of columns and files: a collection of another one is not brought up to date.
LAYOUT = 1


@dataclass(frozen=True)
class Choice:
    """What is exported, and into what pieces.

    Parameters
    ----------
    band : str, optional
        Only of this band.
    calibration : int, optional
        The calibration that was asked for; None: what each frame uses now.
    rows : int
        Most rows of a partition.
    margin_arcsec : float
        Width of the margins; 0: none.
    selected : str, optional
        Which objects, in words, where not all are.
    """

    band: str | None = None
    calibration: int | None = None
    rows: int = ROWS
    margin_arcsec: float = MARGIN
    selected: str | None = None


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Parameters
    ----------
    n_object, n_point, n_source : int
        Rows of the tables; points are those in light curves.
    n_orphan, n_unplaced : int
        Detections without an object; those of them without a position, which no table of the sky can hold.
    n_partition, n_written : int
        Partitions of the objects and sources; those of them that were written, not kept.
    """

    n_object: int
    n_point: int
    n_source: int
    n_orphan: int
    n_unplaced: int
    n_partition: int
    n_written: int

    def lines(self) -> list[str]:
        """Return it in words."""
        kept = f"{self.n_source} sources in {self.n_partition} partitions, {self.n_written} of them written now"
        points = f"{self.n_point} points in their light curves: every detection that has an object"
        said = [f"{self.n_object} objects with {points}; {kept}"]
        if self.n_orphan:
            placed = self.n_orphan - self.n_unplaced
            said.append(
                f"{self.n_orphan} detections have no object: {placed} are among the sources, {self.n_unplaced} have no "
                "position and are left out"
            )
        return said


@dataclass
class Manifest:
    """What a collection was made from.

    Parameters
    ----------
    store_id, schema_version : str
        Of the store.
    layout : int
        `LAYOUT` of the photdb that made it.
    choice : Choice
        What it holds.
    facts : dict
        What ``export_provenance`` said.
    files : dict
        For each table, for each partition: digest of what it was made from, rows, and points in light curves.
    """

    store_id: str
    schema_version: str
    layout: int
    choice: Choice
    facts: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read it.

        Raises
        ------
        InputError
            If there is none.
        """
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return cls(**{**found, "choice": Choice(**found["choice"])})
        except FileNotFoundError:
            what = "no such folder" if not folder.is_dir() else f"no HATS collection of photdb (it has no {MANIFEST})"
            raise InputError(f"{folder}: {what}", f"make one: photdb export --format hats --output {folder}") from None
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise InputError(
                f"{folder / MANIFEST}: cannot be read: {error}", "export the collection anew with --overwrite"
            ) from error

    def write(self, folder: Path) -> None:
        """Write it."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
