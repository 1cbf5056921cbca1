-- Objects whose unit vector is not that of their position, or whose position cannot be.
SELECT object_id, ra, dec, ux, uy, uz
FROM object
WHERE ra NOT BETWEEN 0 AND 360 OR dec NOT BETWEEN -90 AND 90 OR isnan(ra) OR isnan(dec)
  OR abs(ux - cos(radians(dec)) * cos(radians(ra))) > 1e-9
  OR abs(uy - cos(radians(dec)) * sin(radians(ra))) > 1e-9
  OR abs(uz - sin(radians(dec))) > 1e-9
ORDER BY object_id;
