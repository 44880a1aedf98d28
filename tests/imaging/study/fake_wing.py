"""A wing that counts nothing and costs nothing: what it does is written in the photo's name.

Worker processes import it by name, so it is a module of its own.
"""

from __future__ import annotations

import math
import os
import signal
import time

import numpy as np
from PIL import Image

from imaging.errors import ModelMissingError, NothingReadableError, PairRefusedError
from imaging.records import (
    HAIR_TABLES,
    CutoffSplit,
    Hair,
    HairComparison,
    HairMatch,
    HairScore,
    Unit,
)
from imaging.records.columns import columns_of
from imaging.study.pair_wings import PairWing
from imaging.study.wings import Wing

TARGET = "fake_wing:make_wing"


def make_wing() -> Wing:
    return Wing(
        name="hair",
        algorithm_version=os.environ.get("FAKE_VERSION", "fake-1"),
        score_photo=score_photo,
        draw_overlay=lambda photo, score: photo.pixels,
        draw_masks=lambda photo, score: {"hairs": photo.pixels[:, :, 0] > 128},
        weights_digest=lambda settings: "",
        score_type=HairScore,
        tables=HAIR_TABLES,
    )


def score_photo(photo, settings) -> HairScore:
    name = photo.photo_id
    if "slow" in name:
        time.sleep(0.25)
    if "killer" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "buggy" in name:
        raise ZeroDivisionError("a bug of the wing")
    if "unreadable" in name:
        raise NothingReadableError("Nothing can be read.")
    if "weightless" in name:
        raise ModelMissingError("The weights are missing.")
    count = int(photo.pixels.astype(np.int64).sum() % 1000)
    scale = photo.inputs.px_per_mm or math.nan
    numbers = {c.name: math.nan for c in columns_of(HairScore)}
    numbers |= {
        "scale_source": photo.inputs.scale_origin if photo.inputs.px_per_mm else "none",
        "px_per_mm": scale,
        "frame_area_cm2": photo.width_px * photo.height_px / (scale * 10) ** 2,
        "hair_count": count,
        "hair_density_per_cm2": count / (photo.width_px * photo.height_px / (scale * 10) ** 2),
        "hair_count_low": count * 0.9,
        "hair_count_high": count * 1.1,
        "follicular_unit_count": np.int64(count // 2),
        "mean_diameter_um": np.float64(settings.hair.terminal_cutoff_um / 3),
    }
    hairs = tuple(
        Hair(n, 1, n / 3, 1.0, 2.0, 2.0, ((n / 3, 1.0), (2.0, 2.0)), math.nan, 50.0, "", True, 0.9)
        for n in range(1, 4)
    )
    return HairScore(
        **numbers,
        flags=("blurred",) if "blurred" in name else (),
        segmenter=settings.hair.segmenter,
        hairs=hairs,
        units=(Unit(1, 1.0, 1.0, 3, True),),
        cutoffs=(CutoffSplit(20.0, 3, 0, 0.0),),
    )


def make_pair_wing() -> PairWing:
    return PairWing(
        algorithm_version=os.environ.get("FAKE_PAIR_VERSION", "fake-pair-1"),
        compare_scores=compare_scores,
        draw_comparison=lambda baseline, followup, comparison: np.hstack(
            [baseline.pixels, followup.pixels]
        ),
    )


def compare_scores(
    baseline, followup, *, baseline_photo, followup_photo, plan, settings
) -> HairComparison:
    """Keep the first two of three units; what else happens is written in the follow-up's name."""
    name = followup_photo.photo_id
    if "slowpair" in name:
        time.sleep(0.25)
    if "deadlypair" in name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "foreign" in name:
        raise PairRefusedError("The photos show different places.")
    if "buggypair" in name:
        raise ZeroDivisionError("a bug of the follow-up")
    lost = 2 if "worse" in name else 3
    numbers = {c.name: math.nan for c in columns_of(HairComparison)}
    counts = {"hairs_baseline": 3, "hairs_followup": 2, "kept": 2, "not_seen": 1, "new": 0}
    # What the plan says of residents is given back in a column of its own kind.
    given = {"grafts": plan.grafts_in_field, "hairs_implanted": plan.hairs_resident}
    numbers |= counts | given | {"change_percent": -100 / 3}
    matches = tuple(
        HairMatch(
            baseline_photo.photo_id,
            name,
            "unit",
            n,
            n if n < lost else 0,
            "kept" if n < lost else "not_seen",
            "",
            1.0,
            2.0,
            math.nan,
            math.nan,
        )
        for n in range(1, 4)
    )
    flags = ("survival_early",) if plan.days < settings.followup.early_days else ()
    return HairComparison(**numbers, flags=flags, matches=matches)


def make_photo(path, *, seed: int = 0) -> None:
    """Write a small photo whose pixels depend on the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
