"""Make the sample trichoscopy photographs again: `python scripts/make_samples.py [--only NAME]`.

Every photograph in `sample_images/hair` is drawn by `imaging.synthetic` with a fixed seed; no
camera took any of them.  Beside them are written `truth.csv` (a row per hair), `counts.csv` (a row
per photograph) and `manifest.csv`.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imaging.synthetic.layout import lay_out_hairs
from imaging.synthetic.scalp import PRESETS, ScalpScene, TrueHair, make_scalp
from imaging.synthetic.truth import TRUTH_COLUMNS, truth_counts, truth_rows

FOLDER = Path(__file__).resolve().parent.parent / "sample_images" / "hair"
#: Hairs of a spot that is photographed twice are laid out this much beyond the photograph.
BORDER_PX = 220


@dataclass(frozen=True)
class Revisit:
    """One visit to a spot: which share of its hairs is there, and how the camera is held."""

    spot_seed: int
    kept: float
    turn_deg: float = 0.0
    shift_px: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Sample:
    """One sample photograph and what its manifest row says."""

    name: str
    preset: str
    seed: int
    subject: str = ""
    visit: str = ""
    visit_date: str = ""
    visit_role: str = ""
    site: str = ""
    revisit: Revisit | None = None


SAMPLES = (
    Sample(
        "s01_baseline", "shaved", 101, "S01", "baseline", "2026-01-12", "baseline", "occiput",
        Revisit(spot_seed=7, kept=0.8),
    ),
    Sample(
        "s01_month6", "shaved", 102, "S01", "month6", "2026-07-13", "followup", "occiput",
        Revisit(spot_seed=7, kept=0.97, turn_deg=4.0, shift_px=(38.0, -24.0)),
    ),
    Sample(
        "s02_baseline", "clipped_light_skin", 103, "S02", "baseline", "2026-01-19", "baseline",
        "vertex", Revisit(spot_seed=8, kept=1.0),
    ),
    Sample(
        "s02_month6", "clipped_light_skin", 104, "S02", "month6", "2026-07-20", "followup",
        "vertex", Revisit(spot_seed=8, kept=0.85, turn_deg=-3.0, shift_px=(-30.0, 20.0)),
    ),
    Sample("bare_skin", "vessels_and_moles", 105),
    Sample("burnt_in_graphics", "with_graphics", 106),
    Sample("circle_dermoscope", "circle_dermoscope", 107),
    Sample("clipped_blond", "clipped_blond", 108),
    Sample("clipped_dark_skin", "clipped_dark_skin", 109),
    Sample("curly", "curly", 110),
    Sample("day3_regrowth", "day3_regrowth", 111),
    Sample("glare_and_bubbles", "glare_wet", 112),
    Sample("grafted_rows", "grafted_rows", 113),
    Sample("long_crossing", "long_crossing", 114),
    Sample("white_on_dark_skin", "light_on_dark", 115),
)  # fmt: skip
MANIFEST_COLUMNS = (
    "photo", "subject", "visit", "visit_date", "visit_role", "site", "px_per_mm", "sample_kind",
)  # fmt: skip


def make_sample(sample: Sample) -> ScalpScene:
    """Draw one sample; the same sample is the same photograph each time."""
    spec, rng = PRESETS[sample.preset], np.random.default_rng(sample.seed)
    if sample.revisit is None:
        return make_scalp(spec, rng=rng)
    return make_scalp(spec, rng=rng, hairs=_hairs_of_visit(sample.preset, sample.revisit))


def _hairs_of_visit(preset: str, visit: Revisit) -> list[TrueHair]:
    """Return the hairs of a spot as one visit sees them; a hair keeps its number over visits."""
    spec = PRESETS[preset]
    wide = replace(
        spec, width_px=spec.width_px + 2 * BORDER_PX, height_px=spec.height_px + 2 * BORDER_PX
    )
    rng = np.random.default_rng(visit.spot_seed)
    hairs, _ = lay_out_hairs(wide, rng=rng)
    # One draw for each hair, the same at every visit: who is there at 80 % is there at 97 %.
    is_there = rng.random(len(hairs)) < visit.kept
    turn = math.radians(visit.turn_deg)
    turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    middle = np.array([wide.width_px, wide.height_px]) / 2
    centre = np.array([spec.width_px, spec.height_px]) / 2 + visit.shift_px
    return [
        replace(hair, path_px=(hair.path_px - middle) @ turned + centre)
        for hair, here in zip(hairs, is_there, strict=True)
        if here
    ]


def photo_bytes(scene: ScalpScene) -> bytes:
    """Return the JPEG file of a sample."""
    if scene.jpeg is None:
        raise ValueError("samples are JPEG files; choose a preset with jpeg_quality")
    return scene.jpeg


def table_text(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Return rows as CSV text."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def manifest_row(sample: Sample) -> dict[str, Any]:
    """Return what the manifest says of a sample."""
    return {
        "photo": f"{sample.name}.jpg",
        "subject": sample.subject,
        "visit": sample.visit,
        "visit_date": sample.visit_date,
        "visit_role": sample.visit_role,
        "site": sample.site,
        "px_per_mm": f"{PRESETS[sample.preset].px_per_mm:g}",
        "sample_kind": sample.preset,
    }


def count_row(sample: Sample, scene: ScalpScene) -> dict[str, Any]:
    """Return the true counts of a sample, without the list of debris."""
    counts = truth_counts(scene)
    counts["debris"] = len(counts["debris"])
    return {"photo_id": f"{sample.name}.jpg"} | counts


def main() -> int:
    """Write all samples and their truth, or one photograph only."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into")
    parser.add_argument("--only", choices=[sample.name for sample in SAMPLES])
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    hairs, counts = [], []
    for sample in SAMPLES:
        if wanted.only not in (None, sample.name):
            continue
        scene = make_sample(sample)
        photo = wanted.out / f"{sample.name}.jpg"
        photo.write_bytes(photo_bytes(scene))
        hairs += truth_rows(scene, photo_id=photo.name)
        counts.append(count_row(sample, scene))
        print(f"{photo.name}: {counts[-1]['hair_count']} hairs, {photo.stat().st_size // 1024} kB")
    if wanted.only is None:
        tables = {
            "truth.csv": table_text(hairs, TRUTH_COLUMNS),
            "counts.csv": table_text(counts, tuple(counts[0])),
            "manifest.csv": table_text([manifest_row(s) for s in SAMPLES], MANIFEST_COLUMNS),
        }
        for name, text in tables.items():
            (wanted.out / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
