-- Place that a vector points to: {ra, dec} in deg, ra from 0 to below 360.
CREATE OR REPLACE MACRO direction_of(x, y, z) AS
  {'ra': (degrees(atan2(y, x)) + 360.0) % 360.0, 'dec': degrees(atan2(z, sqrt(x * x + y * y)))};
