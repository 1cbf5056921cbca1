-- Vega magnitude of an AB magnitude. ab_offset: m_AB - m_Vega of the band, as zeropoint.ab_offset has it; NULL: unknown.
CREATE OR REPLACE MACRO ab_to_vega(mag, ab_offset) AS
  mag::DOUBLE - ab_offset::DOUBLE;
