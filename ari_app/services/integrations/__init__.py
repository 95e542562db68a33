"""Other systems' records brought in: pulled by HTTP or taken from a folder, mapped, checked, loaded."""
