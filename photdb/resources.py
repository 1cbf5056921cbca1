"""The files shipped with photdb, from the wheel or the checkout."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def shipped(folder: str) -> Traversable:
    """Return the folder ``schema`` or ``ingest``, from the wheel or from the source tree.

    In a checkout (and in an editable install) the folders stand beside the package; the wheel carries
    them inside, under ``photdb/_shipped``.
    """
    package = files("photdb")
    in_wheel = package / "_shipped" / folder
    return in_wheel if in_wheel.is_dir() else Path(str(package)).parent / folder
