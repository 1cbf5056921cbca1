-- A number as an integer (in units of 2^-51), whose sums do not depend on the order of the rows.
CREATE OR REPLACE MACRO exact(value) AS
  (value * 2251799813685248)::BIGINT;
