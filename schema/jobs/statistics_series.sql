-- The scales of magnitudes that there are.
-- needs stat_frame
CREATE OR REPLACE TEMP TABLE stat_series AS
SELECT DISTINCT series, band, mag_system, detector
FROM stat_frame
ORDER BY series;
