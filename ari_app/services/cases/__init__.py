"""Evidence of cases: packages that are written once and can be checked by anybody."""
