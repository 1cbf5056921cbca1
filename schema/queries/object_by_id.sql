-- One object, by its id or by one that it once had; NULL as object_id: the id is out of use and leads nowhere.
SELECT object_id, name, ra, dec, n_detections
FROM object
WHERE object_id = $object_id::BIGINT
UNION ALL
SELECT a.object_id, o.name, o.ra, o.dec, o.n_detections
FROM object_alias AS a
LEFT JOIN object AS o ON o.object_id = a.object_id
WHERE a.old_id = $object_id::BIGINT;
