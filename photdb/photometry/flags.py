"""What can be wrong with a detection: one bit table for pixels, detections and forced fluxes."""

from enum import IntFlag


class Flag(IntFlag):
    """Bits of `flags`; the first four are source-extractor's, and 4, 16 and 32 are also the bits of a pixel mask."""

    NEIGHBOURS = 1  # another source adds light to the primary aperture
    DEBLENDED = 2  # was one source with another and taken apart
    SATURATED = 4  # a saturated pixel within the primary aperture
    TRUNCATED = 8  # the source or its primary aperture reaches over the edge of the frame
    BAD_PIXEL = 16  # a bad (or user-masked) pixel within the primary aperture
    COSMIC_RAY = 32  # a cosmic ray within the primary aperture
    APERTURE_INCOMPLETE = 64  # part of the primary aperture is missing and cannot be filled in: no flux
    BLEND_SUSPECTED = 128  # longer and broader than the frame's stars, and not taken apart
    NO_SHAPE = 256  # moments or FWHM could not be measured
    LOCAL_SKY_POOR = 512  # annulus mostly masked: the background map alone was used
    MERGED = 1024  # seeing made one of two stars that other frames tell apart: the light of both (known from them)


#: Pixels that hold no measurement of the sky; saturated ones do hold light.
UNUSABLE = int(Flag.BAD_PIXEL | Flag.COSMIC_RAY)
