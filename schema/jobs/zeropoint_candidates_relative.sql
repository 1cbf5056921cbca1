-- Without a catalogue every object that several frames show is its own reference, without a magnitude.
-- $drop_known  BOOLEAN  known variables
CREATE OR REPLACE TEMP TABLE zp_candidate AS
SELECT
  (row_number() OVER (ORDER BY o.object_id) - 1)::INTEGER AS star,
  (row_number() OVER (ORDER BY o.object_id) - 1)::INTEGER AS source_no,
  o.object_id, 0 AS option_no, NULL::VARCHAR AS catalog, o.object_id AS source_id, NULL::VARCHAR AS band,
  NULL::VARCHAR AS path, 0.0::DOUBLE AS mag, NULL::DOUBLE AS mag_err, NULL::DOUBLE AS colour,
  0.0::DOUBLE AS separation_arcsec, false AS has_rival, NULL::DOUBLE AS neighbour_arcsec,
  CASE
    WHEN $drop_known AND k.object_id IS NOT NULL THEN 14
    WHEN v.object_id IS NOT NULL THEN 15
    ELSE 99
  END::TINYINT AS star_cut
FROM zp_object AS o
LEFT JOIN zp_known_variable AS k ON k.object_id = o.object_id
LEFT JOIN zp_varying AS v ON v.object_id = o.object_id;
