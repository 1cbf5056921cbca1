-- What a band can be calibrated with: the catalogues that have it, itself or by a transformation, and the bands it is
-- tied to. Number 0 is no catalogue: frames of number 0 are relative to each other.
CREATE OR REPLACE TEMP TABLE zp_option AS
WITH pair AS (
  SELECT DISTINCT band AS frame_band, band AS ref_band, true AS is_own FROM zp_frame WHERE band IS NOT NULL
  UNION
  SELECT DISTINCT band, tie, false FROM zp_frame WHERE tie IS NOT NULL AND tie IS DISTINCT FROM band
),
source AS (SELECT DISTINCT catalog, band, path, mag_system FROM zp_ref)
SELECT
  row_number() OVER (ORDER BY p.frame_band, s.catalog, s.band, s.path)::INTEGER AS option_no,
  p.frame_band, s.catalog, s.band AS ref_band, s.path AS ref_path, s.mag_system, p.is_own
FROM pair AS p
JOIN source AS s ON s.band = p.ref_band;
