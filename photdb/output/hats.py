"""HATS: Parquet by HEALPix that LSDB and Dask open, made of a whole store by `photdb.jobs.export_hats`."""

NAME = "hats"
SUFFIX = ".hats"
JOB = "export_hats"
