-- The frames of a night that have a zero point.
-- $night  DATE
-- needs stat_frame
SELECT frame_id
FROM stat_frame
WHERE night = $night::DATE
ORDER BY frame_id;
