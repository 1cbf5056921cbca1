-- How far the stars of a frame are, in the median, from where all frames have them (arcsec, along the axes of a tangent plane),
-- and how much they scatter about that on one axis (1.4826 times the median absolute deviation).
-- needs mover_detection, mover_object
-- $bad     INTEGER   flags of detections that are not where their star is
-- $centre  DOUBLE[]  unit vector of the centre of the plane
-- $east    DOUBLE[]  unit vector of its first axis
-- $north   DOUBLE[]  unit vector of its second axis
WITH star AS (
  SELECT
    d.frame_id,
    [cos(radians(d.dec)) * cos(radians(d.ra)), cos(radians(d.dec)) * sin(radians(d.ra)), sin(radians(d.dec))] AS u,
    [cos(radians(o.dec)) * cos(radians(o.ra)), cos(radians(o.dec)) * sin(radians(o.ra)), sin(radians(o.dec))] AS v
  FROM mover_detection AS d
  JOIN mover_object AS o ON o.object_id = d.object_id
  WHERE o.is_lasting AND o.n >= 3 AND d.flux > 20 * d.flux_err AND d.flags & $bad::INTEGER = 0
),
apart AS (
  SELECT
    frame_id,
    degrees(list_dot_product(u, $east::DOUBLE[]) / list_dot_product(u, $centre::DOUBLE[])
      - list_dot_product(v, $east::DOUBLE[]) / list_dot_product(v, $centre::DOUBLE[])) * 3600 AS east,
    degrees(list_dot_product(u, $north::DOUBLE[]) / list_dot_product(u, $centre::DOUBLE[])
      - list_dot_product(v, $north::DOUBLE[]) / list_dot_product(v, $centre::DOUBLE[])) * 3600 AS north
  FROM star
)
SELECT frame_id, count(*) AS n, median(east) AS east, median(north) AS north, 1.4826 * (mad(east) + mad(north)) / 2 AS scatter
FROM apart
GROUP BY frame_id
ORDER BY frame_id;
