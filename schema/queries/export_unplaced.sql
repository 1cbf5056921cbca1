-- Detections without a position, which no table of the sky can hold.
SELECT d.*
FROM detection AS d
WHERE d.ra IS NULL OR d.dec IS NULL
ORDER BY d.frame_id;
