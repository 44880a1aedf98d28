"""Make the hair pairs among the samples again: `python scripts/make_hair_pairs.py`.

`sample_images/hair_pairs`: a spot of which hairs were lost and new after six months, and a grafted
field after surgery, at month 9 and at month 12.  All are drawn by `imaging.synthetic` with fixed
seeds; beside them lie the truth of every hair and graft, the graft map, and a manifest.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from imaging.synthetic.pair_truth import graft_files, manifest_text, visit_files
from imaging.synthetic.scalp import PRESETS

FOLDER = Path(__file__).resolve().parent.parent / "sample_images" / "hair_pairs"
SEEDS = {"thinning": 121, "grafted": 122}


def main() -> int:
    """Write photographs, truth and manifest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write into")
    out: Path = parser.parse_args().out
    (out / "truth").mkdir(parents=True, exist_ok=True)
    # Small photographs: samples are looked at and downloaded more often than measured.
    spec = replace(PRESETS["clipped_light_skin"], px_per_mm=110.0, width_px=960, height_px=720)
    pairs = (
        visit_files(
            "thinning", spec, lost=0.15, new=0.03, rng=np.random.default_rng(SEEDS["thinning"])
        ),
        graft_files(
            "grafted",
            grafts=36,
            survival=0.8,
            px_per_mm=90.0,
            rng=np.random.default_rng(SEEDS["grafted"]),
        ),
    )
    for files in pairs:
        for name, content in files.photos.items():
            (out / name).write_bytes(content)
            print(f"{name}: {len(content) // 1024} kB")
        for name, text in files.tables.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    rows = [row for files in pairs for row in files.manifest]
    (out / "manifest.csv").write_text(manifest_text(rows), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
