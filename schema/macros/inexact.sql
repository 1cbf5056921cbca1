-- The number that a sum of exact() stands for.
CREATE OR REPLACE MACRO inexact(total) AS
  total::DOUBLE / 2251799813685248;
