"""Every choice of an ingest, with its default."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photdb.photometry.settings import MeasureSettings, PrimaryRule


@dataclass(frozen=True, slots=True)
class MaskCircle:
    """A place on the sky that is not measured: ICRS deg, radius in arcsec."""

    ra: float
    dec: float
    radius_arcsec: float


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Options of an ingest; picklable, so that workers get them whole.

    Attributes
    ----------
    measure : MeasureSettings
        Detection and measurement.
    solve : bool
        False: no WCS, instrumental fluxes only (trailed stars).
    cosmic : bool
        Mask cosmic rays.
    use_pattern : bool
        Subtract the fixed pattern where darks are missing and the field drifts.
    mask : Path or None
        FITS image, non-zero where a pixel must not be used; for every frame of its size.
    mask_circles : tuple of MaskCircle
        Places on the sky that are not measured.
    background_map, noise_map : Path or None
        A FITS file: used in place of our own map, for frames of its size. A folder: our maps are written there.
    calibrate_as : str or None
        Catalogue band that unfiltered frames are tied to.
    scintillation : bool
        Add the scintillation of the atmosphere to the errors where diameter and height are known.
    psf : bool
        Also fit the PSF to every detection, together with its neighbours, and store an empirical model of it.
    """

    measure: MeasureSettings = field(default_factory=MeasureSettings)
    solve: bool = True
    cosmic: bool = True
    use_pattern: bool = True
    mask: Path | None = None
    mask_circles: tuple[MaskCircle, ...] = ()
    background_map: Path | None = None
    noise_map: Path | None = None
    calibrate_as: str | None = None
    scintillation: bool = True
    psf: bool = False

    @classmethod
    def from_json(cls, text: str) -> IngestSettings:
        """Read what a frame's row keeps of the settings it was measured with.

        Raises
        ------
        TypeError
            If they have a name that this photdb does not know.
        """
        given: dict[str, Any] = json.loads(text)
        measure: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.pop("measure").items()}
        measure["primary"] = PrimaryRule(**measure["primary"])
        circles = tuple(MaskCircle(**circle) for circle in given.pop("mask_circles"))
        paths = {k: Path(given.pop(k)) for k in ("mask", "background_map", "noise_map") if given.get(k)}
        return cls(measure=MeasureSettings(**measure), mask_circles=circles, **{**given, **paths})
