"""photdb: folders of FITS frames into one queryable store of every measurement of every star."""

from typing import TYPE_CHECKING, Any

from photdb.errors import PhotdbError

if TYPE_CHECKING:
    from photdb.query import connect

__version__ = "0.1.0"
__all__ = ["PhotdbError", "__version__", "connect"]


def __getattr__(name: str) -> Any:
    """Import `connect` when first asked for, so that ``photdb --help`` stays quick."""
    if name == "connect":
        from photdb.query import connect

        return connect
    raise AttributeError(f"module 'photdb' has no attribute {name!r}")
