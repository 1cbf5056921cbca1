-- The frames of the work list, by night and time, and how much is to be measured in each.
-- needs forced_todo, forced_frame
SELECT f.night, f.frame_id, t.n
FROM (SELECT frame_id, count(*) AS n FROM forced_todo GROUP BY frame_id) AS t
JOIN forced_frame AS f ON f.frame_id = t.frame_id
ORDER BY f.night NULLS FIRST, f.mjd_mid, f.frame_id;
