-- The tiles of a catalogue that are there whole.
-- $catalog  VARCHAR
-- $norder   INTEGER
SELECT npix
FROM refcat_tile
WHERE catalog = $catalog AND norder = $norder AND is_complete
ORDER BY npix;
