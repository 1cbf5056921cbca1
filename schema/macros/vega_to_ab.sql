-- AB magnitude of a Vega magnitude. ab_offset: m_AB - m_Vega of the band, as zeropoint.ab_offset has it; NULL: unknown.
CREATE OR REPLACE MACRO vega_to_ab(mag, ab_offset) AS
  mag::DOUBLE + ab_offset::DOUBLE;
