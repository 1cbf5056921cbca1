-- Lay the new objects down for the statements that follow.
-- needs given_newborn
CREATE OR REPLACE TEMP TABLE newborn AS
FROM given_newborn;
