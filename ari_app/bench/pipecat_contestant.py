"""pipecat's WebSocket transport with its Silero VAD, fed with the same frames; run by a Python that has pipecat.

Nothing of this product is imported: ``python pipecat_contestant.py PORT CALLS SECONDS`` prints one JSON object, as
``media_contestants`` does. For each call one pipeline: transport input, VADProcessor, a processor that counts.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from typing import Any

WARM_UP_S = 1.5


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(port: int, calls: int, seconds: float) -> dict[str, float]:
    """CPU seconds and frames of all calls in the measured time."""
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.frames.frames import Frame, InputAudioRawFrame, StartFrame
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.processors.audio.vad_processor import VADProcessor
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
    from pipecat.serializers.base_serializer import FrameSerializer
    from pipecat.transports.websocket.client import WebsocketClientParams, WebsocketClientTransport
    from pipecat.workers.runner import WorkerRunner

    class RawFrames(FrameSerializer):  # type: ignore[misc, unused-ignore]
        """Sound as it is: the cheapest serializer there can be. Nothing until the pipeline runs: it would fall over."""

        started_at: float | None = None

        async def serialize(self, frame: Frame) -> bytes | None:
            return None

        async def deserialize(self, data: Any) -> Frame | None:
            started = self.started_at
            if started is not None and isinstance(data, bytes) and loop.time() > started + 0.5:
                return InputAudioRawFrame(audio=data, sample_rate=16_000, num_channels=1)
            return None

    heard = 0
    loop = asyncio.get_running_loop()

    class Count(FrameProcessor):  # type: ignore[misc, unused-ignore]
        """The end of the pipeline."""

        def __init__(self, serializer: RawFrames) -> None:
            super().__init__()
            self._serializer = serializer

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            nonlocal heard
            await super().process_frame(frame, direction)
            if isinstance(frame, InputAudioRawFrame):
                heard += 1
            elif isinstance(frame, StartFrame):
                self._serializer.started_at = loop.time()

    def worker() -> PipelineWorker:
        serializer = RawFrames()
        params = WebsocketClientParams(
            audio_in_enabled=True, audio_in_sample_rate=16_000, add_wav_header=False, serializer=serializer
        )
        transport = WebsocketClientTransport(uri=f"ws://127.0.0.1:{port}/media/x", params=params)
        analyzer = SileroVADAnalyzer(sample_rate=16_000)
        pipeline = Pipeline([transport.input(), VADProcessor(vad_analyzer=analyzer), Count(serializer)])
        return PipelineWorker(
            pipeline,
            params=PipelineParams(audio_in_sample_rate=16_000, audio_out_sample_rate=16_000),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
            check_dangling_tasks=False,
        )

    runner = WorkerRunner(handle_sigint=False, check_dangling_tasks=False)
    await runner.add_workers(*(worker() for _ in range(calls)))
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(60.0):
        while heard < calls * 25:  # noqa: ASYNC110 - pipelines announce themselves nowhere
            await asyncio.sleep(0.05)
    await asyncio.sleep(WARM_UP_S)
    frames, cpu = heard, cpu_s()
    await asyncio.sleep(seconds)
    found = {"cpu_s": cpu_s() - cpu, "frames": float(heard - frames)}
    await runner.cancel()
    await asyncio.wait({running}, timeout=10.0)
    return found


def main() -> None:
    import uvloop

    port, calls, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    sys.stdout.write(json.dumps(uvloop.run(measure(port, calls, seconds))) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
