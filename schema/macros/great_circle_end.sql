-- Place at the end of a great circle from a place, east and north being its parts and angle its length: all in rad; {ra, dec} in deg.
CREATE OR REPLACE MACRO great_circle_end(a, d, east, north, angle) AS
  direction_of(
    cos(angle) * cos(d) * cos(a) - sin(angle) / angle * (east * sin(a) + north * sin(d) * cos(a)),
    cos(angle) * cos(d) * sin(a) + sin(angle) / angle * (east * cos(a) - north * sin(d) * sin(a)),
    cos(angle) * sin(d) + sin(angle) / angle * north * cos(d)
  );
