-- Outlines of the measured frames that touch the HEALPix cells of a position.
-- $cell_7   BIGINT   NESTED, order 7
-- $cell_10  BIGINT   NESTED, order 10
SELECT f.frame_id, f.corner_ra, f.corner_dec, f.night
FROM frame_cover AS c
JOIN frame AS f ON f.frame_id = c.frame_id
WHERE ((c.norder = 7 AND c.cell = $cell_7::BIGINT) OR (c.norder = 10 AND c.cell = $cell_10::BIGINT))
  AND f.state = 'ok'
ORDER BY f.frame_id;
