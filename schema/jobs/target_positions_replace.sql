-- Take away the positions of a target in frames that new positions are about: of one name, and of one time where both say it.
-- $target_id  INTEGER
-- needs given_positions(frame_name, mjd, ra, dec)
DELETE FROM target_position AS p
WHERE p.target_id = $target_id::INTEGER
  AND EXISTS (
    FROM given_positions AS g
    WHERE file_stem(g.frame_name) = file_stem(p.frame_name) AND coalesce(abs(g.mjd - p.mjd) < 0.5, true)
  );
