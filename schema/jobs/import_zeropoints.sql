-- Append the zero points of imported frames.
-- $cal_id  INTEGER
-- needs given_zeropoints, with columns of zeropoint
INSERT INTO zeropoint BY NAME
SELECT $cal_id::INTEGER AS cal_id, *
FROM given_zeropoints
ORDER BY frame_id, aperture_id;
