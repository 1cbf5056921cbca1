-- Where the measured frames look: centre and corners, one row a place to a hundredth of a degree.
SELECT any_value(ra) AS ra, any_value(dec) AS dec, any_value(corner_ra) AS corner_ra, any_value(corner_dec) AS corner_dec
FROM frame
WHERE state = 'ok' AND ra IS NOT NULL AND dec IS NOT NULL AND corner_ra IS NOT NULL
GROUP BY round(ra, 2), round(dec, 2), round(list_min(corner_dec), 2), round(list_max(corner_dec), 2), round(list_min(corner_ra), 2)
ORDER BY ra, dec;
