-- Give stars without a proper motion that of another catalogue in which they have the same number.
-- $catalog  VARCHAR
-- $lender   VARCHAR
UPDATE refstar
SET pm_ra = lent.pm_ra, pm_dec = lent.pm_dec, pm_err = lent.pm_err
FROM (
  SELECT source_id, any_value(pm_ra) AS pm_ra, any_value(pm_dec) AS pm_dec, any_value(pm_err) AS pm_err
  FROM refstar
  WHERE catalog = $lender AND pm_ra IS NOT NULL AND pm_dec IS NOT NULL
  GROUP BY source_id
) AS lent
WHERE refstar.catalog = $catalog AND refstar.pm_ra IS NULL AND refstar.source_id = lent.source_id;
