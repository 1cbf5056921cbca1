-- Tiles of reference stars that came after the links of some objects were sought.
-- $run_id  INTEGER  tiles of this run count as new, whenever they came
SELECT norder, npix, max(run_id) AS run_id
FROM refcat_tile
WHERE run_id > (SELECT coalesce(min(linked_run_id), 2147483647) FROM object) OR run_id = $run_id::INTEGER
GROUP BY norder, npix
ORDER BY norder, npix;
