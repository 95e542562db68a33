"""The tables of disputes and of the files that prove something."""
