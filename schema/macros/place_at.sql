-- Place of a target at a date: its position moved by its proper motion (mas/yr, with cos(dec); NULL: none) from its epoch
-- (Julian year) to mjd, and then by its offset (arcsec; NULL: none): {ra, dec} in deg.
CREATE OR REPLACE MACRO place_at(ra0, dec0, epoch, pm_ra, pm_dec, offset_ra, offset_dec, mjd) AS
  offset_place(
    ra0,
    dec0,
    coalesce(offset_ra, 0.0) + coalesce(pm_ra * (2000.0 + (mjd - 51544.5) / 365.25 - epoch) / 1000.0, 0.0),
    coalesce(offset_dec, 0.0) + coalesce(pm_dec * (2000.0 + (mjd - 51544.5) / 365.25 - epoch) / 1000.0, 0.0)
  );
