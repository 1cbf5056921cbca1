"""From a FITS file to calibrated pixels with a WCS."""
