-- The stars of a transformation are as many as all the reference stars: none is needed any more.
TRUNCATE zp_colour_star;
