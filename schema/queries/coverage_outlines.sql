-- Outlines of the measured frames by band, those that agree to a hundredth of a degree as one.
-- $band  VARCHAR   NULL: every band
WITH outlined AS (
  SELECT
    coalesce(band, '-') AS band,
    frame_id,
    corner_ra,
    corner_dec,
    list_transform(corner_ra, lambda v: round(v, 2)) AS about_ra,
    list_transform(corner_dec, lambda v: round(v, 2)) AS about_dec
  FROM frame
  WHERE state = 'ok' AND corner_ra IS NOT NULL AND ($band::VARCHAR IS NULL OR band = $band::VARCHAR)
)
SELECT band, arg_min(corner_ra, frame_id) AS corner_ra, arg_min(corner_dec, frame_id) AS corner_dec, count(*) AS n_frame
FROM outlined
GROUP BY band, about_ra, about_dec
ORDER BY band, min(frame_id);
