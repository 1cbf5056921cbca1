-- Add the positions of a target in single frames.
-- $target_id  INTEGER
-- needs given_positions(frame_name, mjd, ra, dec)
INSERT INTO target_position BY NAME
SELECT $target_id::INTEGER AS target_id, frame_name, mjd, ra, dec
FROM given_positions
ORDER BY mjd, frame_name;
