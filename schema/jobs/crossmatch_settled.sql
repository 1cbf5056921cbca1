-- Which of given stars have been joined by detections of tonight without a contest.
-- needs judged, given_stars(object_id)
SELECT object_id
FROM judged
WHERE is_settled AND n_linked > 0 AND object_id IN (SELECT object_id FROM given_stars);
