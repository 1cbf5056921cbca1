"""The image of a star on a frame: the model, and how it is made from the frame's own stars."""

from __future__ import annotations

from photdb.photometry.psf_build import build_psf
from photdb.photometry.psf_model import Kind, Psf

__all__ = ["Kind", "Psf", "build_psf"]
