-- Objects with their places and sizes, to divide the work: stars only.
SELECT object_id, hpx, n_detections, spread_arcsec IS NULL AND n_detections > 0 AS is_unknown
FROM object
WHERE kind IS DISTINCT FROM 'moving'
ORDER BY object_id;
