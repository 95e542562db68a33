"""Other systems' HTTP interfaces."""
