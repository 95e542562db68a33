"""Arrears reminders and collection by telephone, native to Asterisk.

Imports run one way: cli -> app -> {asterisk|speech|store|gateways|web|lab} -> services -> ports ->
{voice|dialogue} -> domain -> errors. See ``docs/architecture.md``.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ari-app")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0+source"
