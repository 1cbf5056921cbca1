-- Lay down why what was asked for could not be measured.
-- needs forced_staged, given_reasons
INSERT INTO forced_staged BY NAME
SELECT *
FROM given_reasons;
