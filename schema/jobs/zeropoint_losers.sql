-- Where several objects of one frame are matched to one reference star: those that are not the nearest.
-- $first, $last  INTEGER  frames
CREATE OR REPLACE TEMP TABLE zp_loser AS
SELECT t.task_no, d.object_id
FROM detection AS d
JOIN zp_task AS t ON t.frame_id = d.frame_id
JOIN zp_candidate AS c ON c.object_id = d.object_id AND c.option_no = t.option_no
WHERE c.has_rival AND c.separation_arcsec <= t.reach_arcsec AND d.frame_id BETWEEN $first AND $last
QUALIFY row_number() OVER (PARTITION BY t.task_no, c.source_no ORDER BY c.separation_arcsec, d.object_id) > 1;
