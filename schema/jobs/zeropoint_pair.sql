-- What became of every measured candidate: the first cut that removed it (NULL: it is used), and whether it is kept back
-- from the fit to judge it by.
CREATE OR REPLACE TEMP VIEW zp_pair AS
SELECT
  m.frame_id, c.catalog, c.source_id, m.object_id, c.band, c.path, c.mag, c.mag_err, c.colour, n.cut,
  coalesce(h.holds, false) AND is_held(c.source_id) AS is_held, m.flux, m.flux_err
FROM zp_measured AS m
JOIN zp_candidate AS c ON c.star = m.star
JOIN zp_task AS t ON t.task_no = m.task_no
LEFT JOIN zp_cut_name AS n ON n.cut_no = m.cut_no
LEFT JOIN zp_holds AS h
  ON h.detector IS NOT DISTINCT FROM t.detector AND h.band IS NOT DISTINCT FROM t.band AND h.option_no = t.option_no;
