"""The loop of a speech worker process: some requests in, as many replies out, until the controller has gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from ari_app.errors import SpeechError
from ari_app.speech.framing import packed, read, split

Request = tuple[dict[str, object], bytes]
Answer = Callable[[dict[str, object], bytes], dict[str, object]]
AnswerAll = Callable[[Sequence[Request]], Sequence[dict[str, object]]]


def run_worker(prepare: Callable[[], AnswerAll]) -> None:
    """Prepare, say so, then serve stdin/stdout.

    ``prepare`` loads what is needed and returns what answers; its SpeechError or ValueError is told and ends the
    process. In a request these become ``{"error": ...}``; anything else ends the process too.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever an engine prints must not get between the messages

    def say(head: dict[str, object]) -> None:
        replies.write(packed(head))
        replies.flush()

    try:
        try:
            answer = prepare()
        except (SpeechError, ValueError) as error:
            say({"error": str(error)})
            return
        say({"ready": True})
        while (message := read(sys.stdin.buffer)) is not None:
            requests = split(*message)
            try:
                answered = list(answer(requests))
            except (SpeechError, ValueError) as error:
                answered = [{"error": str(error)} for _ in requests]
            say({"replies": answered})
    except BrokenPipeError:
        return


def one_by_one(answer: Answer) -> AnswerAll:
    """Answers each request by itself; the error of one is the error of that one only."""

    def each(head: dict[str, object], block: bytes) -> dict[str, object]:
        try:
            return answer(head, block)
        except (SpeechError, ValueError) as error:
            return {"error": str(error)}

    return lambda requests: [each(head, block) for head, block in requests]
