-- Whether a position lies inside an outline on the sky, all in degrees; true without an outline.
--
-- The outline is seen from the position: its corners go once around inside, and not at all outside. The angles are those of
-- great circles, so poles and RA 0 need no care. The position must not be on the other side of the sky.
CREATE OR REPLACE MACRO outline_holds(corner_ra, corner_dec, ra_deg, dec_deg) AS
  coalesce(
    len(corner_ra) = 0
    OR abs(list_sum(list_transform(
      range(1, len(corner_ra) + 1),
      lambda i: list_transform(
        [list_transform(
          [i, i % len(corner_ra) + 1],
          lambda k: atan2(
            cos(radians(corner_dec[k])) * sin(radians(corner_ra[k] - ra_deg)),
            sin(radians(corner_dec[k])) * cos(radians(dec_deg))
            - cos(radians(corner_dec[k])) * sin(radians(dec_deg)) * cos(radians(corner_ra[k] - ra_deg))
          )
        )],
        lambda a: a[2] - a[1] - 2 * pi() * round((a[2] - a[1]) / (2 * pi()))
      )[1]
    ))) > pi(),
    true
  );
