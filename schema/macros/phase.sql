-- Phase of a time, from 0 to below 1; NULL unless the period is positive. t, period, epoch: days.
CREATE OR REPLACE MACRO phase(t, period, epoch) AS
  CASE WHEN period > 0 THEN ((t - epoch) / period - floor((t - epoch) / period)) % 1.0 END;
