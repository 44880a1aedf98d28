"""`dermetry synth face`: melasma of known area and darkness painted on a face."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import NoFaceError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..settings import Settings


@dataclass(frozen=True)
class ClearFace:
    """A face to paint on: its pixels, its region labels in them, and its width."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    width_px: float


def check_pattern(pattern: str) -> None:
    """Raise `UsageError` for a pattern that does not exist."""
    from ..synthetic.face import PATTERNS  # noqa: PLC0415

    if pattern not in PATTERNS:
        raise UsageError(
            f"There is no pattern {pattern!r}.",
            remedy=f"Choose one of {', '.join(PATTERNS)}.",
        )


def clear_face(photo: Path, settings: Settings) -> ClearFace:
    """Return a face that can be painted on; raises `UsageError` for a photo without one."""
    import numpy as np  # noqa: PLC0415

    from ..face.landmarks import find_landmarks, working_frame  # noqa: PLC0415
    from ..face.regions import find_regions  # noqa: PLC0415
    from ..photo.reading import read_photo  # noqa: PLC0415

    if not photo.is_file():
        what = "is a folder" if photo.is_dir() else "does not exist"
        raise UsageError(f"{photo} {what}.", remedy="Name one photo of a clear face.")
    read = read_photo(photo, photo_id=photo.name, settings=settings.photo)
    try:
        landmarks = find_landmarks(read.pixels, settings=settings.face)
    except NoFaceError as err:
        raise UsageError(
            f"{photo}: {err.message}", remedy="Use a photo that shows a whole face from the front."
        ) from err
    frame = working_frame(landmarks, read.pixels.shape, settings=settings.face)
    regions = find_regions(frame.cut(read.pixels), frame.place(landmarks), settings=settings.face)
    labels = frame.spread(regions.labels, read.pixels.shape).astype(np.int32)
    return ClearFace(read.pixels, labels, landmarks.face_width_px)


def make_face_photos(
    photo: Annotated[
        Path | None, typer.Argument(metavar="PHOTO", help="A clear frontal face to paint on.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write into.")
    ] = None,
    pattern: Annotated[str, typer.Option("--pattern", help="Where: see --list.")] = "centrofacial",
    density: Annotated[
        float, typer.Option("--density", min=0.0, max=0.5, help="Peak optical density, 0.05-0.25.")
    ] = 0.15,
    count: Annotated[int, typer.Option("--count", min=1, help="How many photographs.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first one.")] = 0,
    list_patterns: Annotated[
        bool, typer.Option("--list", help="List the patterns and end.")
    ] = False,
) -> None:
    """Paint melasma on a photo of a clear face, with its exact truth.

    photos/ holds the pictures, digitally altered and named so; truth/ the mask and the scores of
    each; manifest.csv how each was made.
    """
    import numpy as np  # noqa: PLC0415

    from ..face.truth import true_scores  # noqa: PLC0415
    from ..settings import Settings  # noqa: PLC0415
    from ..study.writing import make_folder, refuse_existing, write_bytes  # noqa: PLC0415
    from ..synthetic.camera import encode_png  # noqa: PLC0415
    from ..synthetic.face import PATTERNS, MelasmaSpec, paint_melasma  # noqa: PLC0415

    if list_patterns:
        for name, percents in PATTERNS.items():
            typer.echo(f"{name}: " + ", ".join(f"{k} {v:g} %" for k, v in percents.items()))
        return
    check_pattern(pattern)
    if photo is None or out is None:
        raise UsageError(
            "A photo to paint on and a folder to write into are needed.",
            remedy="dermetry synth face FACE.jpg --out FOLDER",
        )
    photos, truths = out / "photos", out / "truth"
    stems = {n: f"{photo.stem}_altered_{pattern}_{n:04d}" for n in range(seed, seed + count)}
    written = [photos / f"{stem}.png" for stem in stems.values()]
    for ending in (".json", "_mask.png"):
        written += [truths / f"{stem}{ending}" for stem in stems.values()]
    refuse_existing([out / "manifest.csv", *written])
    settings = Settings()
    face = clear_face(photo, settings)
    make_folder(photos)
    make_folder(truths)
    manifest = ["photo,pattern,density,seed"]
    for number, stem in stems.items():
        scene = paint_melasma(
            face.pixels,
            face.labels,
            MelasmaSpec(percents=PATTERNS[pattern], density=density),
            face_width_px=face.width_px,
            rng=np.random.default_rng(number),
        )
        write_bytes(photos / f"{stem}.png", encode_png(scene.pixels))
        mask = np.repeat(scene.lesion[..., None], 3, axis=2).astype(np.uint8) * np.uint8(255)
        write_bytes(truths / f"{stem}_mask.png", encode_png(mask))
        truth = {"photo": f"{stem}.png", "pattern": pattern, "density": density, "seed": number}
        truth |= true_scores(scene.percents, scene.delta_l, settings=settings.face)
        text = json.dumps(truth, indent=2) + "\n"
        write_bytes(truths / f"{stem}.json", text.encode())
        # Quoted: the name of the photo may hold a comma.
        name = f"{stem}.png".replace('"', '""')
        manifest.append(f'"{name}",{pattern},{density:g},{number}')
    write_bytes(out / "manifest.csv", ("\n".join(manifest) + "\n").encode())
    typer.echo(f"Wrote {count} altered photograph{'s' * (count > 1)} to {photos}.", err=True)
