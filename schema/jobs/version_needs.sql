-- What judging the zero points of version_zero needs: frames, catalogues, bands of reference magnitudes, colour indices.
SELECT
  list(DISTINCT frame_id ORDER BY frame_id) AS frames,
  coalesce(list(DISTINCT catalog ORDER BY catalog) FILTER (catalog IS NOT NULL), []) AS catalogs,
  coalesce(list(DISTINCT ref_band ORDER BY ref_band) FILTER (catalog IS NOT NULL), []) AS bands,
  coalesce(list(DISTINCT colour ORDER BY colour) FILTER (catalog IS NOT NULL AND colour IS NOT NULL), []) AS indices
FROM version_zero;
