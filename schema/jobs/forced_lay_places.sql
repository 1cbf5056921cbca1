-- Lay down the places that stand still as straight paths of unit vectors, u + v (year - epoch): offset and proper motion.
-- needs given_place(place, wanted, is_recentred, target_id, object_id, ra, dec, epoch, pm_ra, pm_dec, offset_ra, offset_dec)
CREATE OR REPLACE TEMP TABLE forced_place AS
WITH turned AS (
  SELECT
    *, radians(ra) AS a, radians(dec) AS d,
    radians(coalesce(offset_ra, 0) / 3600) AS de, radians(coalesce(offset_dec, 0) / 3600) AS dn,
    radians(coalesce(pm_ra, 0) / 3.6e6) AS va, radians(coalesce(pm_dec, 0) / 3.6e6) AS vd
  FROM given_place
)
SELECT
  place, wanted, is_recentred, target_id, object_id, epoch,
  cos(d) * cos(a) - de * sin(a) - dn * sin(d) * cos(a) AS ux,
  cos(d) * sin(a) + de * cos(a) - dn * sin(d) * sin(a) AS uy,
  sin(d) + dn * cos(d) AS uz,
  -va * sin(a) - vd * sin(d) * cos(a) AS vx,
  va * cos(a) - vd * sin(d) * sin(a) AS vy,
  vd * cos(d) AS vz
FROM turned;
