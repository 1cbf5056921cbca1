-- How many stored detections were found that change hands.
SELECT count(*) FROM reassigned;
