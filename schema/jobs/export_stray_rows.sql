-- The detections whose object is in another partition than they are, or than its number says: their rows, once and for all.
CREATE OR REPLACE TEMP TABLE export_arriving AS
SELECT d.*, s.home, s.own, s.away, o.ux, o.uy, o.uz
FROM detection AS d
JOIN export_stray AS s ON s.skey = d.skey AND s.frame_id = d.frame_id
LEFT JOIN object AS o ON o.object_id = d.object_id;
