-- The box of the night's detections, unit vectors, and the largest reach (arcsec).
SELECT min(ux), max(ux), min(uy), max(uy), min(uz), max(uz), max(reach), count(*)
FROM loose;
