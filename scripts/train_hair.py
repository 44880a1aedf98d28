"""Train the hair network on generated scalps alone; anybody can repeat it.

    python scripts/train_hair.py --out models/weights/hair-1 [--steps 2400] [--validate DIR]

Scenes are drawn while it trains.  It uses a GPU where there is one.  Checkpoints lie in
FOLDER/checkpoints until it ends; `--validate DIR` then scores each on the labelled photographs of
DIR (frames 00-19 alone) and keeps the best instead of the last.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

from hair_training.stream import stream_batches

from imaging.settings import HairSettings
from models.training import Progress, Schedule, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2400, help="of 8 squares each")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end sooner than that")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw scenes")
    parser.add_argument("--scenes", type=int, default=900, help="scenes that are kept in memory")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    checkpoints = given.out / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    curve: list[dict[str, float]] = []

    def report(progress: Progress) -> None:
        row = {name: round(float(value), 4) for name, value in vars(progress).items()}
        curve.append(row)
        print(json.dumps(row), flush=True)

    def keep(weights: bytes, step: int) -> None:
        (checkpoints / f"{step:06d}.safetensors").write_bytes(weights)
        (checkpoints / "curve.json").write_text(json.dumps(curve))

    weights = train(
        stream_batches(
            seed=given.seed,
            workers=given.workers,
            kept_scenes=given.scenes,
            working_px_per_mm=HairSettings().working_px_per_mm,
        ),
        Schedule(given.steps, minutes=given.minutes, threads=given.threads, seed=given.seed),
        report=report,
        keep=keep,
    )
    keep(weights, 999999)
    print(f"{(time.monotonic() - start) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
