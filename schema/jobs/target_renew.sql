-- Give a target what is given; what is NULL stays, and methods are added to those it has.
-- $target_id    INTEGER
-- $a_arcsec     DOUBLE
-- $b_arcsec     DOUBLE
-- $pa_deg       DOUBLE
-- $offset_ra    DOUBLE     arcsec
-- $offset_dec   DOUBLE     arcsec
-- $designation  VARCHAR
-- $source       VARCHAR
-- $methods      VARCHAR[]
UPDATE target
SET
  a_arcsec = coalesce($a_arcsec::DOUBLE, a_arcsec),
  b_arcsec = coalesce($b_arcsec::DOUBLE, b_arcsec),
  pa_deg = coalesce($pa_deg::DOUBLE, pa_deg),
  offset_ra = coalesce($offset_ra::DOUBLE, offset_ra),
  offset_dec = coalesce($offset_dec::DOUBLE, offset_dec),
  designation = coalesce($designation::VARCHAR, designation),
  source = coalesce($source::VARCHAR, source),
  methods = CASE WHEN $methods IS NULL THEN methods ELSE list_sort(list_distinct(coalesce(methods, []) || $methods::VARCHAR[])) END
WHERE target_id = $target_id::INTEGER;
