-- Place so many arcsec to the east and north of another, along a great circle: {ra, dec} in deg; the place itself where both are 0.
CREATE OR REPLACE MACRO offset_place(ra0, dec0, east, north) AS
  CASE
    WHEN east = 0 AND north = 0 THEN {'ra': ra0::DOUBLE, 'dec': dec0::DOUBLE}
    ELSE great_circle_end(
      radians(ra0), radians(dec0), radians(east / 3600.0), radians(north / 3600.0),
      sqrt(east * east + north * north) * (pi() / 648000.0)
    )
  END;
