-- Which of the pairs were blends already: of these only the new frames are looked at.
-- needs temp table rel_pair
CREATE OR REPLACE TEMP TABLE rel_blend AS
SELECT p.object_id, p.other_id, p.separation, r.object_id IS NULL AS is_new, coalesce(r.n_frame, 0) AS n_before
FROM rel_pair AS p
LEFT JOIN object_relation AS r ON r.object_id = p.object_id AND r.other_id = p.other_id AND r.kind = 'blend'
WHERE p.kind = 'blend';
