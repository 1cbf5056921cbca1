-- The box of given objects, unit vectors.
-- needs given_stars(object_id)
SELECT min(ux), max(ux), min(uy), max(uy), min(uz), max(uz)
FROM object
WHERE object_id IN (SELECT object_id FROM given_stars);
