"""A speech worker that misbehaves on request; started by tests as a child process."""

from __future__ import annotations

import os
import signal

from ari_app.speech.worker_main import run_worker


def answer(head: dict[str, object], block: bytes) -> dict[str, object]:
    print("engines print now and then")  # noqa: T201 - that is what is tried
    match head.get("do"):
        case "die":
            os._exit(3)
        case "hang":
            signal.pause()
        case "fail":
            raise ValueError("wrong input")
        case "crash":
            raise KeyError("a defect")
        case _:
            pass
    return {"pid": os.getpid(), "bytes": len(block)}


if __name__ == "__main__":
    run_worker(answer)
