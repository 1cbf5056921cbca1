-- The ranges of order-29 cells (lo to hi, both in) of a MOC in ASCII (5/123-130 6/600) or JSON ({"5": [123, 124]}).
--
-- IVOA Recommendation MOC 2.0, section 4. Ranges that touch are one; an empty MOC has none.
CREATE OR REPLACE MACRO hpx_ranges(moc_text) AS TABLE
WITH bare AS (
  SELECT trim(regexp_replace(regexp_replace(moc_text::VARCHAR, '"\s*(\d+)\s*"\s*:', ' \1/', 'g'), '[\[\]{},\s]+', ' ', 'g')) AS t
),
plain AS (
  SELECT CASE
    WHEN regexp_full_match(t, '(s?(\d+/ ?(\d+(-\d+)? ?)*)+)?') THEN t
    ELSE error('not a MOC: ' || left(t, 40))
  END AS t
  FROM bare
),
word AS (
  SELECT unnest(words) AS word, unnest(range(len(words))) AS place
  FROM (SELECT regexp_extract_all(t, '\d+/|\d+-\d+|\d+') AS words FROM plain)
),
ordered AS (
  SELECT
    word,
    last_value(CASE WHEN word LIKE '%/' THEN rtrim(word, '/')::INTEGER END IGNORE NULLS) OVER (ORDER BY place) AS norder
  FROM word
),
cell AS (
  SELECT
    norder,
    split_part(word, '-', 1)::HUGEINT AS first,
    CASE WHEN contains(word, '-') THEN split_part(word, '-', 2) ELSE word END::HUGEINT AS last
  FROM ordered
  WHERE word NOT LIKE '%/'
),
fine AS (
  SELECT
    CASE
      WHEN norder > 29 THEN error('not a MOC: order ' || norder || ' is above 29')
      WHEN last < first THEN error('not a MOC: ' || norder || '/' || first || '-' || last || ' runs backwards')
      WHEN last >= 12 * (1::HUGEINT << (2 * norder)) THEN error('not a MOC: order ' || norder || ' has no cell ' || last)
      ELSE (first * (1::HUGEINT << (2 * (29 - norder))))::BIGINT
    END AS lo,
    ((last + 1) * (1::HUGEINT << (2 * (29 - norder))) - 1)::BIGINT AS hi
  FROM cell
),
grouped AS (
  SELECT lo, hi, sum(CASE WHEN lo > before + 1 OR before IS NULL THEN 1 ELSE 0 END) OVER (ORDER BY lo, hi) AS island
  FROM (
    SELECT lo, hi, max(hi) OVER (ORDER BY lo, hi ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM fine
  )
)
SELECT min(lo) AS lo, max(hi) AS hi
FROM grouped
GROUP BY island
ORDER BY lo;
