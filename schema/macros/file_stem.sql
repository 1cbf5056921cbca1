-- Name of a frame's file without its folder and without .fits, .fit, .fts, .fz, .gz, .bz2, in whatever case these are.
CREATE OR REPLACE MACRO file_stem(path) AS
  regexp_replace(parse_filename(path), '(\.(fits|fit|fts|fz|gz|bz2))+$', '', 'i');
