"""Where the moving targets of a store are in given frames: what questions ask too (`photdb.asking.paths`)."""

from photdb.asking.paths import paths, places_in_frames

__all__ = ["paths", "places_in_frames"]
