-- The zero points in use of some frames, every aperture.
-- $frames  INTEGER[]   only these; NULL: all
SELECT z.*
FROM zeropoint_active AS z
WHERE $frames::INTEGER[] IS NULL OR z.frame_id IN (SELECT unnest($frames::INTEGER[]))
ORDER BY z.frame_id, z.aperture_id;
