-- Write the pairs of the touched stars, with the frames that do not tell them apart.
-- $run_id  INTEGER
-- needs temp tables rel_pair, rel_merged
INSERT INTO object_relation BY NAME
WITH merged AS (
  SELECT least(object_id, other_id) AS a, greatest(object_id, other_id) AS b, count(*) AS n
  FROM rel_merged
  GROUP BY ALL
)
SELECT
  p.object_id, p.other_id, p.kind, p.separation AS separation_arcsec,
  CASE WHEN p.kind = 'blend' THEN coalesce(m.n, 0) ELSE 0 END AS n_frame,
  $run_id::INTEGER AS run_id, p.fwhm AS fwhm_arcsec, p.worst AS worst_fwhm_arcsec
FROM rel_pair AS p
LEFT JOIN merged AS m ON m.a = least(p.object_id, p.other_id) AND m.b = greatest(p.object_id, p.other_id)
ORDER BY p.object_id, p.separation, p.other_id;
