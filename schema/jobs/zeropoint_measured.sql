-- Detections of candidates in a range of frames, once for every option of the frame, with the first cut that removes each
-- (99: none); cut_else is the first one beside isolation.
-- $first, $last               INTEGER  frames
-- $fwhm_lower, $fwhm_upper    DOUBLE   arcsec; NULL: no cut
-- $inner                      DOUBLE   share of the width and of the height, about the middle; NULL: no cut
-- $neighbours                 BOOLEAN  cut stars that have a comparable neighbour of the catalogue in the aperture
-- $class_star                 DOUBLE   least; NULL: no cut
-- $elongation                 DOUBLE   largest a / b; NULL: no cut
-- $bad_flags, $mask_flags     INTEGER  bits
-- $max_flag                   INTEGER  largest value of the first eight bits; NULL: no cut
-- $snr_lower, $snr_upper      DOUBLE   of the primary flux; NULL: no cut
CREATE OR REPLACE TEMP TABLE zp_measured AS
WITH measured AS (
  SELECT
    t.task_no, t.frame_id, c.star, d.object_id, d.flux, d.flux_err, d.fwhm * t.pixel_scale_arcsec AS fwhm_arcsec,
    d.a / d.b AS elongation, (2.0 * d.x / (t.width - 1) - 1)::FLOAT AS u, (2.0 * d.y / (t.height - 1) - 1)::FLOAT AS v,
    CASE
      WHEN coalesce($neighbours AND c.neighbour_arcsec <= t.aperture_arcsec, false) OR n.object_id IS NOT NULL THEN 3
      ELSE 99
    END AS crowded,
    least(
      CASE
        WHEN coalesce(fwhm_arcsec < $fwhm_lower::DOUBLE, $fwhm_lower::DOUBLE IS NOT NULL)
          OR coalesce(fwhm_arcsec > $fwhm_upper::DOUBLE, $fwhm_upper::DOUBLE IS NOT NULL) THEN 1
        WHEN greatest(abs(u), abs(v)) > $inner::DOUBLE THEN 2
        WHEN coalesce(d.class_star < $class_star::DOUBLE, $class_star::DOUBLE IS NOT NULL) THEN 5
        WHEN coalesce(elongation > $elongation::DOUBLE, $elongation::DOUBLE IS NOT NULL) THEN 7
        WHEN d.flags & $bad_flags <> 0 OR d.flags & 255 > $max_flag::INTEGER THEN 8
        WHEN d.flags & $mask_flags <> 0 THEN 9
        WHEN NOT coalesce(
            d.flux > 0 AND d.flux < 'infinity'::FLOAT AND d.flux_err > 0 AND d.flux > $snr_lower * d.flux_err, false
          )
          OR d.flux > $snr_upper::DOUBLE * d.flux_err THEN 10
        ELSE 99
      END, c.star_cut
    ) AS other
  FROM detection AS d
  JOIN zp_task AS t ON t.frame_id = d.frame_id
  JOIN zp_candidate AS c ON c.object_id = d.object_id AND c.option_no = t.option_no
  LEFT JOIN zp_near AS n ON n.frame_id = d.frame_id AND n.object_id = d.object_id
  ANTI JOIN zp_loser AS l ON l.task_no = t.task_no AND l.object_id = d.object_id
  WHERE d.frame_id BETWEEN $first AND $last AND c.separation_arcsec <= t.reach_arcsec
)
SELECT
  task_no, frame_id, star, object_id, flux, flux_err, fwhm_arcsec::FLOAT AS fwhm_arcsec, elongation::FLOAT AS elongation,
  u, v,
  CASE  -- a cast rounds, and is many times quicker than floor, least and greatest
    WHEN u BETWEEN -1 AND 1 AND v BETWEEN -1 AND 1
      THEN 8 * ((v + 1) * 3.99 - 0.49)::TINYINT + ((u + 1) * 3.99 - 0.49)::TINYINT
    ELSE 0
  END::UTINYINT AS part,
  least(crowded, other)::TINYINT AS cut_no, other::TINYINT AS cut_else
FROM measured;
