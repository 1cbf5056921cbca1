-- Whether a star of this number is kept back from every fit, one in ten, so that a calibration can be judged by it.
--
-- The number times a multiplier (Knuth's for 64 bits), modulo the largest prime below 2^64, and of that a digit from the
-- middle: the prime mixes high and low bits, so numbers with a pattern (Gaia's are multiples of 128) are kept back as often
-- as any.
CREATE OR REPLACE MACRO is_held(id) AS
  (id::HUGEINT * 6364136223846793005) % 18446744073709551557 // 1048576 % 10 = 7;
