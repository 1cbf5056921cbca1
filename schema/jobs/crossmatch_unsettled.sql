-- Stars whose detections have to be looked at one by one, since one of tonight's came near them.
SELECT object_id
FROM judged
WHERE NOT is_settled
ORDER BY object_id;
