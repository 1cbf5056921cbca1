-- The detections among the suspect ones that hold the light of two stars. The other star is missed where it gives at
-- least $share of the light of the one, and would have been seen there by itself: at $snr times the noise of the one or
-- more. How bright it is, the frames that have both say; where none has, its own detections.
-- The other star is no fault of a few frames only (one source taken for two by a jump of the telescope, a flaw beside a
-- bright star, a star whose place jumped): of the frames that show one of them and are as sharp as the median of those that
-- show the other one, at least $told show that; or a catalogue knows it.
-- $share  DOUBLE
-- $snr    DOUBLE
-- $told   DOUBLE
-- needs temp tables rel_suspect, rel_seen
CREATE OR REPLACE TEMP TABLE rel_merged AS
WITH pair AS (SELECT DISTINCT object_id, other_id FROM rel_suspect),
own AS (SELECT object_id, median(flux) AS flux FROM rel_seen GROUP BY object_id),
light AS (
  SELECT p.object_id, p.other_id, median(b.flux / a.flux) AS share
  FROM pair AS p
  JOIN rel_seen AS a ON a.object_id = p.object_id
  JOIN rel_seen AS b ON b.object_id = p.other_id AND b.frame_id = a.frame_id
  WHERE a.flux > 0 AND b.flux IS NOT NULL
  GROUP BY p.object_id, p.other_id
),
shown AS (
  SELECT p.object_id, p.other_id, s.frame_id, false AS is_other
  FROM pair AS p
  JOIN rel_seen AS s ON s.object_id = p.object_id
  UNION ALL
  SELECT p.object_id, p.other_id, s.frame_id, true AS is_other
  FROM pair AS p
  JOIN rel_seen AS s ON s.object_id = p.other_id
),
seen AS (
  SELECT w.object_id, w.other_id, f.fwhm_arcsec AS fwhm, bool_or(w.is_other) AS is_other
  FROM shown AS w
  JOIN frame AS f ON f.frame_id = w.frame_id
  GROUP BY w.object_id, w.other_id, w.frame_id, f.fwhm_arcsec
),
sharp AS (
  SELECT object_id, other_id, median(fwhm) AS fwhm
  FROM seen
  WHERE is_other
  GROUP BY object_id, other_id
),
told AS (
  SELECT v.object_id, v.other_id, avg(v.is_other::INTEGER) AS share
  FROM seen AS v
  JOIN sharp AS h ON h.object_id = v.object_id AND h.other_id = v.other_id AND v.fwhm <= h.fwhm
  GROUP BY v.object_id, v.other_id
)
SELECT s.object_id, s.other_id, s.frame_id
FROM rel_suspect AS s
JOIN rel_seen AS a ON a.object_id = s.object_id AND a.frame_id = s.frame_id
LEFT JOIN light AS l ON l.object_id = s.object_id AND l.other_id = s.other_id
LEFT JOIN told AS t ON t.object_id = s.object_id AND t.other_id = s.other_id
LEFT JOIN object AS c ON c.object_id = s.other_id
LEFT JOIN own AS o ON o.object_id = s.other_id
WHERE coalesce(l.share, 1) >= $share
  AND (coalesce(t.share, 1) >= $told OR c.ref_source_id IS NOT NULL)
  AND coalesce(coalesce(l.share * a.flux, o.flux) >= $snr * a.flux_err, true);
