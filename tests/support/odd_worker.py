"""A speech worker that misbehaves on request; started by tests as a child process."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ari_app.speech.worker_main import AnswerAll, Request, one_by_one, run_worker


def answer(head: dict[str, object], block: bytes) -> dict[str, object]:
    print("engines print now and then")  # noqa: T201 - that is what is tried
    match head.get("do"):
        case "die":
            os._exit(3)
        case "hang":
            signal.pause()
        case "until":
            while not Path(str(head["file"])).exists():
                time.sleep(0.001)  # noqa: TID251 - in a process of its own
        case "fail":
            raise ValueError("wrong input")
        case "crash":
            raise KeyError("a defect")
        case _:
            pass
    return {"pid": os.getpid(), "bytes": len(block)}


def prepare() -> AnswerAll:
    print("engines print when they are loaded, too")  # noqa: T201
    match sys.argv[1:]:
        case ["no model"]:
            raise ValueError("there is no model")
        case ["never ready"]:
            signal.pause()
        case _:
            pass
    each = one_by_one(answer)

    def answer_all(requests: Sequence[Request]) -> list[dict[str, object]]:
        return [{**reply, "together": len(requests)} for reply in each(requests)]

    return answer_all


if __name__ == "__main__":
    run_worker(prepare)
