-- Magnitudes that the stars of zp_star lack in the passbands of zp_wanted, from those that they have: one row a star and
-- transformation (or piece of one) whose inputs the star has, also where they are out of its range.
--
--   m       = m_base + P(x),  x = m_blue - m_red,  P(x) = c0 + c1 x + ... + c5 x^5
--   m_err^2 = sum of (w e)^2 over base, blue and red + sum of v_k x^2k + scatter^2
--
-- with the weight w of each passband the whole derivative: 1 for the base, P'(x) for blue, -P'(x) for red, added up where
-- the base is one of the two, and the variances v_k of the coefficients, taken as independent. NULL where the error of a
-- passband that matters is unknown.
CREATE OR REPLACE TEMP TABLE zp_transformed AS
WITH lacking AS (
  SELECT
    s.catalog, s.source_id, o.* EXCLUDE (catalog, inputs, catalogs, limits),
    s.m[o.base] AS a, s.m[o.blue] AS b, s.m[o.red] AS r,
    CASE
      WHEN len(o.limits) = 0 THEN true
      WHEN NOT list_has_all(map_keys(s.m), o.inputs) THEN NULL
      ELSE list_bool_and(list_transform(
        o.limits,
        lambda l: s.m[l.blue].mag - CASE WHEN l.red IS NULL THEN 0 ELSE s.m[l.red].mag END BETWEEN l.low AND l.high
      ))
    END AS in_limits
  FROM zp_colour_star AS s
  JOIN zp_colour_offer AS o ON o.catalog = s.catalog
  WHERE s.m[o.band] IS NULL
),
coloured AS (
  SELECT *, b.mag - r.mag AS x, x * x AS y
  FROM lacking
  WHERE a IS NOT NULL AND b IS NOT NULL AND r IS NOT NULL AND in_limits IS NOT NULL
),
sloped AS (
  SELECT
    *,
    c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5)))) AS p,
    c1 + x * (2 * c2 + x * (3 * c3 + x * (4 * c4 + x * 5 * c5))) AS slope,
    v0 + y * (v1 + y * (v2 + y * (v3 + y * (v4 + y * v5)))) + scatter * scatter AS own_variance
  FROM coloured
),
weighted AS (
  SELECT
    *,
    a.err * (1 + CASE base WHEN blue THEN slope WHEN red THEN -slope ELSE 0 END) AS a_part,
    CASE WHEN slope = 0 OR base = blue THEN 0 ELSE b.err * slope END AS b_part,
    CASE WHEN slope = 0 OR base = red THEN 0 ELSE r.err * slope END AS r_part
  FROM sloped
)
SELECT
  catalog,
  source_id,
  band,
  name AS path,
  piece,
  rank,
  n_choice,
  a.mag + p AS mag,
  sqrt(a_part * a_part + b_part * b_part + r_part * r_part + own_variance) AS mag_err,
  mag_system,
  a.good AND b.good AND r.good AS is_good,
  in_limits AND x >= x_min AND x < x_max AS in_range
FROM weighted;
