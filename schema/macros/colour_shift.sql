-- What the colour term adds to the magnitude of a star of a colour (mag): 0 without a term, NULL where the colour is unknown.
CREATE OR REPLACE MACRO colour_shift(z, colour) AS
  CASE WHEN z.colour_term IS NULL THEN 0.0 ELSE z.colour_term * (colour - z.colour_pivot) END;
