"""The command line: ``ari-app``."""

from ari_app.cli.main import app, main

__all__ = ["app", "main"]
