"""Pure code: records, neutral objects, conversions and rules. No I/O, no clock, no randomness."""
