-- The bits of a whole number below 2^32, each at twice its place. A lambda names a value, so that it is computed once.
CREATE OR REPLACE MACRO healpix_bits(v) AS
  list_transform(
    list_transform(
      list_transform(
        list_transform(
          list_transform([v::BIGINT], lambda a: (a | (a << 16)) & 281470681808895),
          lambda a: (a | (a << 8)) & 71777214294589695
        ),
        lambda a: (a | (a << 4)) & 1085102592571150095
      ),
      lambda a: (a | (a << 2)) & 3689348814741910323
    ),
    lambda a: (a | (a << 1)) & 6148914691236517205
  )[1];
