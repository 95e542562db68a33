"""Adapters for recognisers and voices, and the prompt cache."""
