-- Whether a target stands still.
CREATE OR REPLACE VIEW target_kind AS
SELECT
  target_id,
  CASE
    WHEN designation IS NOT NULL
      OR target_id IN (SELECT target_id FROM ephemeris)
      OR target_id IN (SELECT target_id FROM target_position)
      THEN 'moving'
    ELSE 'fixed'
  END AS kind
FROM target;
COMMENT ON VIEW target_kind IS 'whether a target stands still';
COMMENT ON COLUMN target_kind.target_id IS 'the target';
COMMENT ON COLUMN target_kind.kind IS 'fixed, or moving: with a path, or positions in single frames';
