-- Distance (arcsec) from a position to the nearest side of an outline, all in degrees; that of a convex outline from inside.
CREATE OR REPLACE MACRO outline_margin(corner_ra, corner_dec, ra_deg, dec_deg) AS
  list_min(list_transform(
    range(1, len(corner_ra) + 1),
    lambda i: list_transform(
      [list_transform(
        [i, i % len(corner_ra) + 1],
        lambda k: {
          x: cos(radians(corner_dec[k])) * cos(radians(corner_ra[k] - ra_deg)),
          y: cos(radians(corner_dec[k])) * sin(radians(corner_ra[k] - ra_deg)),
          z: sin(radians(corner_dec[k]))
        }
      )],
      lambda s: degrees(asin(least(1, abs(
        (cos(radians(dec_deg)) * (s[1].y * s[2].z - s[1].z * s[2].y) + sin(radians(dec_deg)) * (s[1].x * s[2].y - s[1].y * s[2].x))
        / greatest(1e-300, sqrt(
          (s[1].y * s[2].z - s[1].z * s[2].y) ** 2
          + (s[1].z * s[2].x - s[1].x * s[2].z) ** 2
          + (s[1].x * s[2].y - s[1].y * s[2].x) ** 2
        ))
      )))) * 3600
    )[1]
  ));
