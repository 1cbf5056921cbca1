-- Frames in which one star of a blend is detected and the other is not, and which do not resolve the pair.
-- $blend  DOUBLE  FWHM within which a frame may not tell two stars apart
-- needs temp tables rel_blend, rel_seen
CREATE OR REPLACE TEMP TABLE rel_suspect AS
SELECT p.object_id, p.other_id, a.frame_id
FROM rel_blend AS p
JOIN rel_seen AS a ON a.object_id = p.object_id
JOIN frame AS f ON f.frame_id = a.frame_id
ANTI JOIN rel_seen AS b ON b.object_id = p.other_id AND b.frame_id = a.frame_id
WHERE p.separation < $blend * f.fwhm_arcsec;
