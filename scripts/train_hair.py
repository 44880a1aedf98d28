"""Train the hair network on generated scalps alone; anybody can repeat it.

    python scripts/train_hair.py --name hair-1 [--steps 4500] [--validate DIR]

Scenes are drawn while it trains; it uses a GPU where there is one.  The weights are averages over
the last steps.  `--validate DIR` (photographs and hairs.csv, as in the benchmark) chooses among the
last checkpoints on the frames 00-19 alone; without it the last one is taken.  The confidence is
then fitted on generated scenes that were not trained on, and all is written to models/weights/NAME.

    python scripts/train_hair.py --name hair-1 --only-finish DIR_OF_CHECKPOINTS

does only what comes after the training.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from hair_training.model_folder import (
    PLAIN,
    fit_model_confidence,
    forget_model,
    model_folder,
    score_labelled,
    write_model,
)
from hair_training.stream import CROP_PX, CROPS, stream_batches
from imaging.settings import HairSettings
from models.training import Progress, Schedule, train

#: The name of the last checkpoint comes after all others.
LAST = 999_999
#: Checkpoints at the end among which `--validate` chooses.
CHOSEN_AMONG = 4
#: Scale of the labelled photographs, px/mm.
LABELLED_PX_PER_MM = 179.5


def main() -> None:
    """Train, choose, fit, write."""
    given = _arguments()
    checkpoints = given.only_finish or Path(tempfile.mkdtemp(prefix="train-hair-"))
    if given.only_finish is None:
        _train(given, checkpoints)
    curve = json.loads((checkpoints / "curve.json").read_text())
    folder = model_folder(given.name)
    training: dict[str, Any] = {
        "seed": given.seed,
        "steps": curve[-1]["step"],
        "squares_per_step": CROPS,
        "square_px": CROP_PX,
        "minutes": round(curve[-1]["minutes"], 1),
        "machine": given.machine or _machine(),
        "loss_curve": curve[:: max(1, len(curve) // 30)],
    }
    files = sorted(checkpoints.glob("*.safetensors"))
    best = files[-1]
    if given.validate is not None:
        scores = {}
        for file in files[-CHOSEN_AMONG:]:
            write_model(folder, file.read_bytes(), training, logistic=PLAIN)
            forget_model()
            scores[file.stem] = round(
                score_labelled(given.name, given.validate, px_per_mm=LABELLED_PX_PER_MM), 4
            )
            print(f"step {file.stem}: F1 {scores[file.stem]}", flush=True)
        best = max(files[-CHOSEN_AMONG:], key=lambda file: scores[file.stem])
        training["chosen"] = {"on": "labelled frames 00-19", "f1_narrow": scores}
    training["checkpoint"] = best.stem
    write_model(folder, best.read_bytes(), training, logistic=PLAIN)
    forget_model()
    logistic = fit_model_confidence(given.name, told=lambda line: print(line, flush=True))
    write_model(folder, best.read_bytes(), training, logistic=logistic)
    print(folder)


def _train(given: argparse.Namespace, checkpoints: Path) -> None:
    curve: list[dict[str, float]] = []

    def report(progress: Progress) -> None:
        curve.append({name: round(float(value), 4) for name, value in vars(progress).items()})
        (checkpoints / "curve.json").write_text(json.dumps(curve))
        print(json.dumps(curve[-1]), flush=True)

    def keep(weights: bytes, step: int) -> None:
        (checkpoints / f"{step:06d}.safetensors").write_bytes(weights)

    print(f"Checkpoints go to {checkpoints}", flush=True)
    start = time.monotonic()
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
    keep(weights, LAST)
    print(f"{(time.monotonic() - start) / 60:.0f} minutes", flush=True)


def _machine() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} threads of {platform.machine()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="hair-1", help="of the model, hair-VERSION")
    parser.add_argument("--steps", type=int, default=4500, help=f"of {CROPS} squares each")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end sooner than that")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw scenes")
    parser.add_argument("--scenes", type=int, default=900, help="scenes that are kept in memory")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--validate", type=Path, metavar="DIR")
    parser.add_argument("--only-finish", type=Path, metavar="DIR")
    parser.add_argument("--machine", default="", help="what trained it, for the record")
    return parser.parse_args()


if __name__ == "__main__":
    main()
