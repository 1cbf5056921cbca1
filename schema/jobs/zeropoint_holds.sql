-- The systems that have stars enough to keep some back.
CREATE OR REPLACE TEMP TABLE zp_holds AS
SELECT detector, band, option_no, holds
FROM zp_holds_found;
