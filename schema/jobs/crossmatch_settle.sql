-- Give the detections of settled stars to them.
-- needs assigned, pair, judged
INSERT INTO assigned
SELECT p.rid, p.object_id
FROM pair AS p
JOIN judged AS j ON j.object_id = p.object_id
WHERE j.is_settled AND (p.above = 0 OR p.above < 0 AND p.distance <= p.reach);
