"""Arrears reminders and collection by telephone, native to Asterisk.

Imports run one way: cli -> app -> {asterisk|speech|store|gateways|web|lab} -> services -> ports ->
{voice|dialogue} -> domain -> errors. See ``docs/architecture.md``.
"""

import os
from importlib.metadata import PackageNotFoundError, version

# Sound is worked on in pieces of 20 ms. There the threads of the linear algebra library cost several times what they save;
# it reads this when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    __version__ = version("ari-app")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0+source"
