"""`dermetry synth face-pairs`: two visits of one painted face, with the exact change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .synth_face import check_pattern, clear_face


def make_face_pairs(
    photo: Annotated[
        Path | None, typer.Argument(metavar="PHOTO", help="A clear frontal face to paint on.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write into.")
    ] = None,
    pattern: Annotated[str, typer.Option("--pattern", help="Where.")] = "centrofacial",
    density: Annotated[
        float, typer.Option("--density", min=0.0, max=0.5, help="Peak density at baseline.")
    ] = 0.15,
    unchanged: Annotated[
        bool, typer.Option("--unchanged", help="Change light and pose only.")
    ] = False,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pairs.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first one.")] = 0,
) -> None:
    """Paint two visits of melasma on a photo of a clear face, with its exact change.

    photos/ holds the pictures, digitally altered and named so; truth/ the scores of both visits;
    manifest.csv suits `dermetry followup face DIR/photos --manifest DIR/manifest.csv`.
    """
    import numpy as np  # noqa: PLC0415

    from ..face.truth import true_scores  # noqa: PLC0415
    from ..settings import Settings  # noqa: PLC0415
    from ..study.writing import make_folder, refuse_existing, write_bytes  # noqa: PLC0415
    from ..synthetic.camera import encode_png  # noqa: PLC0415
    from ..synthetic.face import PATTERNS, MelasmaSpec  # noqa: PLC0415
    from ..synthetic.face_visits import draw_change, make_face_pair  # noqa: PLC0415

    check_pattern(pattern)
    if photo is None or out is None:
        raise UsageError(
            "A photo to paint on and a folder to write into are needed.",
            remedy="dermetry synth face-pairs FACE.jpg --out FOLDER",
        )
    photos, truths = out / "photos", out / "truth"
    stems = {n: f"{photo.stem}_altered_{pattern}_{n:04d}" for n in range(seed, seed + count)}
    visits = ("baseline", "followup")
    written = [photos / f"{stem}_{visit}.png" for stem in stems.values() for visit in visits]
    written += [truths / f"{stem}.json" for stem in stems.values()]
    refuse_existing([out / "manifest.csv", *written])
    settings = Settings()
    face = clear_face(photo, settings)
    make_folder(photos)
    make_folder(truths)
    manifest = ["photo,subject,visit,visit_role"]
    for number, stem in stems.items():
        rng = np.random.default_rng(number)
        change = draw_change(rng, is_unchanged=unchanged)
        pair = make_face_pair(
            face.pixels,
            face.labels,
            MelasmaSpec(percents=PATTERNS[pattern], density=density),
            change,
            face_width_px=face.width_px,
            rng=rng,
        )
        quoted = stem.replace('"', '""')
        for visit, pixels in zip(visits, (pair.baseline.pixels, pair.followup_pixels), strict=True):
            write_bytes(photos / f"{stem}_{visit}.png", encode_png(pixels))
            manifest.append(f'"{quoted}_{visit}.png","{quoted}",{visit},{visit}')
        scores = {
            visit: true_scores(scene.percents, scene.delta_l, settings=settings.face)
            for visit, scene in zip(visits, (pair.baseline, pair.followup), strict=True)
        }
        step = scores["followup"]["mmasi"] - scores["baseline"]["mmasi"]
        truth = {"pair": stem, "seed": number, "mmasi_change": step} | scores
        text = json.dumps(truth, indent=2) + "\n"
        write_bytes(truths / f"{stem}.json", text.encode())
    write_bytes(out / "manifest.csv", ("\n".join(manifest) + "\n").encode())
    typer.echo(f"Wrote {count} altered pair{'s' * (count > 1)} to {photos}.", err=True)
