-- Lay down the frames to look at, and the planes through the sides of their outlines.
--
-- A place p is inside a convex outline when it is on the inner side of all of its sides: n1 p > 0 ... n4 p > 0, with n the
-- normals of the great circles. Of any other outline the normals are NULL, and outline_holds has to be asked.
-- $frame_ids  INTEGER[]  NULL: all
-- $bands      VARCHAR[]  NULL: all
-- $from_mjd   DOUBLE     d; NULL: since ever
-- $to_mjd     DOUBLE     d; NULL: for ever
CREATE OR REPLACE TEMP TABLE forced_frame AS
WITH usable AS (
  SELECT frame_id, night, mjd_mid, 2000 + (mjd_mid - 51544.5) / 365.25 AS year, corner_ra, corner_dec
  FROM frame
  WHERE state = 'ok' AND origin <> 'imported' AND wcs IS NOT NULL AND mjd_mid IS NOT NULL AND corner_ra IS NOT NULL
    AND settings IS NOT NULL AND primary_radius_px IS NOT NULL
    AND ($frame_ids::INTEGER[] IS NULL OR frame_id IN (SELECT unnest($frame_ids::INTEGER[])))
    AND ($bands::VARCHAR[] IS NULL OR band IN (SELECT unnest($bands::VARCHAR[])))
    AND ($from_mjd::DOUBLE IS NULL OR mjd_mid >= $from_mjd::DOUBLE)
    AND ($to_mjd::DOUBLE IS NULL OR mjd_mid <= $to_mjd::DOUBLE)
),
corner AS (
  SELECT
    frame_id,
    cos(radians(corner_dec[1])) * cos(radians(corner_ra[1])) AS ax, cos(radians(corner_dec[1])) * sin(radians(corner_ra[1])) AS ay,
    sin(radians(corner_dec[1])) AS az,
    cos(radians(corner_dec[2])) * cos(radians(corner_ra[2])) AS ex, cos(radians(corner_dec[2])) * sin(radians(corner_ra[2])) AS ey,
    sin(radians(corner_dec[2])) AS ez,
    cos(radians(corner_dec[3])) * cos(radians(corner_ra[3])) AS cx, cos(radians(corner_dec[3])) * sin(radians(corner_ra[3])) AS cy,
    sin(radians(corner_dec[3])) AS cz,
    cos(radians(corner_dec[4])) * cos(radians(corner_ra[4])) AS dx, cos(radians(corner_dec[4])) * sin(radians(corner_ra[4])) AS dy,
    sin(radians(corner_dec[4])) AS dz
  FROM usable
  WHERE len(corner_ra) = 4
),
side AS (
  SELECT
    frame_id,
    ay * ez - az * ey AS n1x, az * ex - ax * ez AS n1y, ax * ey - ay * ex AS n1z,
    ey * cz - ez * cy AS n2x, ez * cx - ex * cz AS n2y, ex * cy - ey * cx AS n2z,
    cy * dz - cz * dy AS n3x, cz * dx - cx * dz AS n3y, cx * dy - cy * dx AS n3z,
    dy * az - dz * ay AS n4x, dz * ax - dx * az AS n4y, dx * ay - dy * ax AS n4z,
    sign(n1x * cx + n1y * cy + n1z * cz) AS turn,
    turn * (n1x * dx + n1y * dy + n1z * dz) > 0 AND turn * (n2x * dx + n2y * dy + n2z * dz) > 0
    AND turn * (n2x * ax + n2y * ay + n2z * az) > 0 AND turn * (n3x * ax + n3y * ay + n3z * az) > 0
    AND turn * (n3x * ex + n3y * ey + n3z * ez) > 0 AND turn * (n4x * ex + n4y * ey + n4z * ez) > 0
    AND turn * (n4x * cx + n4y * cy + n4z * cz) > 0 AS is_convex
  FROM corner
)
SELECT
  u.*,
  turn * n1x AS n1x, turn * n1y AS n1y, turn * n1z AS n1z, turn * n2x AS n2x, turn * n2y AS n2y, turn * n2z AS n2z,
  turn * n3x AS n3x, turn * n3y AS n3y, turn * n3z AS n3z, turn * n4x AS n4x, turn * n4y AS n4y, turn * n4z AS n4z
FROM usable AS u
LEFT JOIN side AS s ON s.frame_id = u.frame_id AND s.is_convex;
