-- Let the moments be those that were just counted.
-- needs stat_fresh
CREATE OR REPLACE TEMP VIEW stat_band AS
SELECT * FROM stat_fresh;
