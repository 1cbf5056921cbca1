-- Append the cells that the frames touch.
-- needs given_cover(norder, cell, frame_id)
INSERT INTO frame_cover
SELECT norder, cell, frame_id
FROM given_cover
ORDER BY norder, cell, frame_id;
