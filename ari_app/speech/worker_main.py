"""The loop of a speech worker process: one request in, one reply out, until the controller has gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ari_app.errors import SpeechError
from ari_app.speech.framing import packed, read

Answer = Callable[[dict[str, object], bytes], dict[str, object]]


def run_worker(answer: Answer) -> None:
    """Serve stdin/stdout. A SpeechError or ValueError becomes ``{"error": ...}``; anything else ends the process."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever an engine prints must not get between the messages
    while (request := read(sys.stdin.buffer)) is not None:
        try:
            reply = answer(*request)
        except (SpeechError, ValueError) as error:
            reply = {"error": str(error)}
        try:
            replies.write(packed(reply))
            replies.flush()
        except BrokenPipeError:
            return
