-- Append frame rows (by name; what is not given is NULL).
-- needs given_frames, with any columns of frame
INSERT INTO frame BY NAME
FROM given_frames;
