-- The passbands in which the store has magnitudes of reference stars, by catalogue.
SELECT DISTINCT catalog, band
FROM refmag
ORDER BY catalog, band;
