"""Make the facial samples: `python scripts/make_face_samples.py`.

`sample_images/face`: the astronaut portrait (NASA, public domain; from scikit-image), clear and
with melasma painted on: digitally altered, and named so.  `sample_images/face_patches`: skin drawn
by computer, for patch mode.  `sample_images/face_pairs`: the altered portrait at two visits.
`truth.csv` in each says what a perfect score would be.
"""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from skimage.data import astronaut

from imaging.face.landmarks import find_landmarks, working_frame
from imaging.face.regions import find_regions
from imaging.face.truth import true_scores
from imaging.photo.colour import srgb_pixels
from imaging.settings import Settings
from imaging.synthetic.face import PATTERNS, MelasmaScene, MelasmaSpec, paint_melasma
from imaging.synthetic.face_visits import FaceChange, make_face_pair
from imaging.synthetic.portrait import make_portrait

SAMPLES = Path(__file__).resolve().parent.parent / "sample_images"
#: Patterns and peak densities painted on the portrait: two visits of one course, and a severe one.
ALTERED = (
    ("altered_baseline", "centrofacial", 0.18, 1),
    ("altered_month3", "centrofacial", 0.09, 1),
    ("altered_malar", "malar", 0.15, 2),
    ("altered_confluent", "confluent", 0.18, 3),
)
#: Subject, peak density at baseline, what happens until week 12, seed.
PAIRS = (
    (
        "faded",
        0.18,
        FaceChange(
            density_factor=0.3,
            percent_factor=0.6,
            light_density=(0.1, -0.06),
            exposure_density=0.05,
            turn_deg=4.0,
            zoom=0.96,
        ),
        1,
    ),
    (
        "unchanged",
        0.15,
        FaceChange(
            light_density=(-0.12, 0.05), cast_density=(0.02, 0.0, -0.02), turn_deg=-5.0, zoom=1.05
        ),
        2,
    ),
)
PATCHES = (
    ("clear", 0.0, 4),
    ("light_patches", 22.0, 5),
    ("large_patch", 55.0, 6),
    ("freckled", 10.0, 7),
)
PATCH_SIDE_PX, PATCH_FACE_PX = 480, 800
JPEG_QUALITY = 95


def main() -> None:
    faces, patches, pairs = (SAMPLES / name for name in ("face", "face_patches", "face_pairs"))
    for folder in (faces, patches, pairs):
        folder.mkdir(parents=True, exist_ok=True)
    _write_truth(faces / "truth.csv", make_faces(faces))
    _write_truth(patches / "truth.csv", make_patches(patches))
    make_pairs(pairs)


def make_faces(folder: Path) -> list[dict[str, object]]:
    """Write the portrait and its altered copies; return their truth."""
    pixels, settings = np.ascontiguousarray(astronaut()), Settings()
    landmarks = find_landmarks(pixels, settings=settings.face)
    frame = working_frame(landmarks, pixels.shape, settings=settings.face)
    regions = find_regions(frame.cut(pixels), frame.place(landmarks), settings=settings.face)
    labels = frame.spread(regions.labels, pixels.shape).astype(np.int32)
    _write_jpeg(folder / "astronaut_clear.jpg", pixels)
    rows: list[dict[str, object]] = []
    for name, pattern, density, seed in (("clear", "clear", 0.0, 0), *ALTERED):
        spec = MelasmaSpec(percents=PATTERNS[pattern], density=density)
        scene = paint_melasma(
            pixels,
            labels,
            spec,
            face_width_px=landmarks.face_width_px,
            rng=np.random.default_rng(seed),
        )
        photo = f"astronaut_{name}.jpg"
        if density:
            _write_jpeg(folder / photo, scene.pixels)
        rows += _truth_rows(photo, scene, settings)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["photo", "subject", "visit", "view"])
        writer.writerow(["astronaut_altered_baseline.jpg", "altered", "baseline", "front"])
        writer.writerow(["astronaut_altered_month3.jpg", "altered", "month3", "front"])
        for name in ("clear", "altered_malar", "altered_confluent"):
            writer.writerow([f"astronaut_{name}.jpg", name, "baseline", "front"])
    return rows


def make_pairs(folder: Path) -> None:
    """Write two pairs of visits of the portrait, their manifest and their truth."""
    pixels, settings = np.ascontiguousarray(astronaut()), Settings()
    landmarks = find_landmarks(pixels, settings=settings.face)
    frame = working_frame(landmarks, pixels.shape, settings=settings.face)
    regions = find_regions(frame.cut(pixels), frame.place(landmarks), settings=settings.face)
    labels = frame.spread(regions.labels, pixels.shape).astype(np.int32)
    manifest = [["photo", "subject", "visit", "visit_date", "visit_role", "view"]]
    truth = [["photo", "subject", "visit", "mmasi"]]
    for subject, density, change, seed in PAIRS:
        pair = make_face_pair(
            pixels,
            labels,
            MelasmaSpec(percents=PATTERNS["centrofacial"], density=density),
            change,
            face_width_px=landmarks.face_width_px,
            rng=np.random.default_rng(seed),
        )
        for visit, date, role, image, scene in (
            ("week0", "2026-01-12", "baseline", pair.baseline.pixels, pair.baseline),
            ("week12", "2026-04-06", "followup", pair.followup_pixels, pair.followup),
        ):
            photo = f"astronaut_altered_{subject}_{visit}.jpg"
            _write_jpeg(folder / photo, image)
            manifest.append([photo, subject, visit, date, role, "front"])
            scores = true_scores(scene.percents, scene.delta_l, settings=settings.face)
            truth.append([photo, subject, visit, f"{scores['mmasi']:g}"])
    for name, lines in (("manifest.csv", manifest), ("truth.csv", truth)):
        with (folder / name).open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows(lines)


def make_patches(folder: Path) -> list[dict[str, object]]:
    """Write skin drawn by computer; return its truth."""
    rows: list[dict[str, object]] = []
    for name, percent, seed in PATCHES:
        rng = np.random.default_rng(seed)
        shape = (PATCH_SIDE_PX, PATCH_SIDE_PX)
        portrait = make_portrait(shape, face_width_px=PATCH_FACE_PX, rng=rng, is_patch=True)
        level = np.array([0.25, 0.45, 0.6], np.float32)
        density = portrait.density - np.median(portrait.density, axis=(0, 1)) + level
        pixels = srgb_pixels(np.power(np.float32(10), -density.astype(np.float32)))
        labels = np.ones(shape, np.int32)
        spec = MelasmaSpec(percents={"forehead": percent}, density=0.15 if percent else 0.0)
        scene = paint_melasma(pixels, labels, spec, face_width_px=PATCH_FACE_PX, rng=rng)
        photo = f"skin_{name}.jpg"
        _write_jpeg(folder / photo, scene.pixels)
        share = scene.percents["forehead"] if percent else 0.0
        rows.append(
            {
                "photo": photo,
                "region": "patch",
                "pigmented_percent": f"{share:.2f}",
                "delta_l": f"{scene.delta_l['forehead'] if percent else 0.0:.2f}",
            }
        )
    return rows


def _truth_rows(photo: str, scene: MelasmaScene, settings: Settings) -> list[dict[str, object]]:
    truth = true_scores(scene.percents, scene.delta_l, settings=settings.face)
    return [
        {
            "photo": photo,
            "region": region,
            "pigmented_percent": f"{values['pigmented_percent']:.2f}",
            "delta_l": f"{values['delta_l']:.2f}",
        }
        for region, values in truth["regions"].items()
    ]


def _write_truth(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_jpeg(path: Path, pixels: np.ndarray) -> None:
    cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


if __name__ == "__main__":
    main()
