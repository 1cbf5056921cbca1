"""Fluxes at positions that somebody asked for: circles, ellipses and trails."""

from __future__ import annotations

from photdb.photometry.forced_fluxes import ForcedFluxes

__all__ = ["ForcedFluxes"]
