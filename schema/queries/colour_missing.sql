-- How many points of some objects have a colour term, and of how many the colour that it needs is unknown.
-- $objects  BIGINT[]   NULL: every one
-- $band     VARCHAR    NULL: every band
WITH tint AS MATERIALIZED (SELECT * FROM object_colours($objects::BIGINT[]))
SELECT
  count(*) FILTER (z.colour_term IS NOT NULL) AS n_term,
  count(*) FILTER (z.colour_term IS NULL) AS n_no_term,
  count(*) FILTER (z.colour_term IS NOT NULL AND t.colour IS NULL AND d.flux > 0) AS n_unknown,
  count(DISTINCT d.object_id) FILTER (z.colour_term IS NOT NULL AND t.colour IS NULL AND d.flux > 0) AS n_object,
  string_agg(DISTINCT z.colour, ', ' ORDER BY z.colour)
    FILTER (z.colour_term IS NOT NULL AND t.colour IS NULL AND d.flux > 0) AS colour_indices,
  string_agg(DISTINCT z.catalog, ', ' ORDER BY z.catalog)
    FILTER (z.colour_term IS NOT NULL AND t.colour IS NULL AND d.flux > 0) AS catalogs
FROM detection AS d
JOIN frame AS f ON f.frame_id = d.frame_id
LEFT JOIN zeropoint_active AS z ON z.frame_id = d.frame_id AND z.aperture_id = 0
LEFT JOIN tint AS t
  ON t.object_id = d.object_id AND t.colour_index = z.colour AND t.catalog IS NOT DISTINCT FROM z.catalog
WHERE ($objects::BIGINT[] IS NULL OR d.object_id IN (SELECT unnest($objects::BIGINT[])))
  AND d.object_id IS NOT NULL
  AND ($band::VARCHAR IS NULL OR f.band = $band::VARCHAR);
