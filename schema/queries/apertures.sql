-- Every aperture.
SELECT aperture_id, kind, diameter
FROM aperture
ORDER BY aperture_id;
