-- Lay down the cells of the due objects with those around them.
-- needs given_cell(cell)
CREATE OR REPLACE TEMP TABLE link_cell AS
FROM given_cell;
