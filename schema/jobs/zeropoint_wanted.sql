-- The passbands that are wanted of reference stars: those of the frames, those they are tied to, those of colours.
-- $colour_bands  VARCHAR[]
CREATE OR REPLACE TEMP TABLE zp_wanted AS
SELECT band FROM zp_frame WHERE band IS NOT NULL
UNION
SELECT tie FROM zp_frame WHERE tie IS NOT NULL
UNION
SELECT unnest($colour_bands::VARCHAR[]);
