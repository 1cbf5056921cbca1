-- HEALPix cell (NESTED, order 0 to 29) of a position in degrees; NULL outside the sphere.
--
-- The projection of Gorski et al. (2005, ApJ 622, 759, sections 4 and 5): u and v count the rising and falling diagonals of
-- the base cells, as a place on the equatorial belt (|z| <= 2/3) or on a polar cap; cos(dec) keeps places near a pole exact.
CREATE OR REPLACE MACRO healpix_cell(ra_deg, dec_deg, norder) AS
  list_transform(
    list_transform(
      list_transform(
        list_transform(
          CASE WHEN abs(dec_deg) <= 90 AND isfinite(ra_deg::DOUBLE) AND norder BETWEEN 0 AND 29 THEN [{
            n: (1::BIGINT << norder::INTEGER),
            z: sin(radians(dec_deg::DOUBLE)),
            c: cos(radians(dec_deg::DOUBLE)),
            t: least((ra_deg::DOUBLE - 360 * floor(ra_deg::DOUBLE / 360)) / 90, 3.9999999999999996)
          }] END,
          lambda p: {
            n: p.n, z: p.z, t: p.t, belt: abs(p.z) <= 2 / 3,
            d: CASE WHEN abs(p.z) <= 2 / 3 THEN 0.75 * p.z ELSE p.c / sqrt((1 + abs(p.z)) / 3) END
          }
        ),
        lambda p: CASE WHEN p.belt
          THEN {n: p.n, z: p.z, t: p.t, belt: true,
            u: floor(p.n * (0.5 + p.t - p.d))::BIGINT, v: floor(p.n * (0.5 + p.t + p.d))::BIGINT}
          ELSE {n: p.n, z: p.z, t: p.t, belt: false,
            u: least(floor(p.n * (p.t - floor(p.t)) * p.d)::BIGINT, p.n - 1),
            v: least(floor(p.n * (1 - p.t + floor(p.t)) * p.d)::BIGINT, p.n - 1)}
        END
      ),
      lambda p: CASE
        WHEN p.belt THEN {
          n: p.n, x: p.v % p.n, y: p.n - 1 - p.u % p.n,
          face: CASE
            WHEN p.u // p.n = p.v // p.n THEN p.u // p.n % 4 + 4
            WHEN p.u // p.n < p.v // p.n THEN p.u // p.n
            ELSE p.v // p.n + 8
          END
        }
        WHEN p.z > 0 THEN {n: p.n, x: p.n - 1 - p.v, y: p.n - 1 - p.u, face: floor(p.t)::BIGINT}
        ELSE {n: p.n, x: p.u, y: p.v, face: floor(p.t)::BIGINT + 8}
      END
    ),
    lambda p: p.face * p.n * p.n + healpix_bits(p.x) + 2 * healpix_bits(p.y)
  )[1];
