-- What is in zp_mag and zp_mag_excluded now is needed here no more.
TRUNCATE zp_transformed;
