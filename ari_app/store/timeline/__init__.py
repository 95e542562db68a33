"""Everything that happened to an account, in order: one small reader for each source, merged."""
