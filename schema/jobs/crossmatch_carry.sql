-- Lay detections of fast stars where these were at J2016.
-- needs loose, given_carried(rid, ux, uy, uz)
UPDATE loose
SET ux = c.ux, uy = c.uy, uz = c.uz
FROM given_carried AS c
WHERE c.rid = loose.rid;
