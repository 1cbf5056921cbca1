-- The frames that statistics are only added to for.
-- needs stat_news
CREATE OR REPLACE TEMP TABLE stat_new AS
SELECT frame_id
FROM stat_news
WHERE what = 'new';
