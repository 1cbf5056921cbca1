-- Of the options of a band the largest share of matched stars that have a colour.
-- $band       VARCHAR  of the frames
-- $blue, $red VARCHAR  passbands of the colour
WITH star AS (
  SELECT DISTINCT o.option_no, r.catalog, r.source_id
  FROM zp_option AS o
  JOIN zp_ref AS r ON r.catalog = o.catalog AND r.band = o.ref_band AND r.path IS NOT DISTINCT FROM o.ref_path
  SEMI JOIN zp_match AS m ON m.catalog = r.catalog AND m.source_id = r.source_id
  WHERE o.frame_band = $band
),
share AS (
  SELECT s.option_no, count(*) FILTER (b.mag IS NOT NULL AND c.mag IS NOT NULL) / count(*) AS share
  FROM star AS s
  LEFT JOIN zp_mag AS b ON b.catalog = s.catalog AND b.source_id = s.source_id AND b.band = $blue
  LEFT JOIN zp_mag AS c ON c.catalog = s.catalog AND c.source_id = s.source_id AND c.band = $red
  GROUP BY s.option_no
)
SELECT max(share)
FROM share;
