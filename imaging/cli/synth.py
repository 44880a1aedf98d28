"""`dermetry synth`: photographs with exact truth, to try the tool on and to check it by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from .synth_face import make_face_photos
from .synth_face_pairs import make_face_pairs
from .synth_hair_pairs import make_hair_pairs

if TYPE_CHECKING:
    from ..synthetic.spec import ScalpScene

synth_app = typer.Typer(help="Make synthetic photographs with exact truth.", no_args_is_help=True)
synth_app.command("face")(make_face_photos)
synth_app.command("face-pairs")(make_face_pairs)
synth_app.command("hair-pairs")(make_hair_pairs)


@synth_app.command("hair")
def make_hair_photos(
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write into.")] = None,
    preset: Annotated[str, typer.Option("--preset", help="Kind of photograph.")] = "shaved",
    count: Annotated[int, typer.Option("--count", min=1, help="How many photographs.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first one.")] = 0,
    list_presets: Annotated[bool, typer.Option("--list", help="List the presets and end.")] = False,
) -> None:
    """Make scalp photographs; beside each a truth table and its counts; and a manifest of all.

    The columns of the truth table are those of hairs.csv, and the visible share of each hair.
    """
    import numpy as np  # noqa: PLC0415

    from ..study.writing import make_folder, refuse_existing  # noqa: PLC0415
    from ..synthetic.scalp import PRESETS, make_scalp  # noqa: PLC0415

    if list_presets:
        for name in PRESETS:
            typer.echo(name)
        return
    if preset not in PRESETS:
        import difflib  # noqa: PLC0415

        near = difflib.get_close_matches(preset, PRESETS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"There is no preset {preset!r}.",
            remedy=f"{hint}dermetry synth hair --list shows all of them.",
        )
    if out is None:
        raise UsageError(
            "No folder to write into was named.", remedy="Add --out with a folder's name."
        )
    names = {number: f"{preset}_{number:04d}" for number in range(seed, seed + count)}
    endings = (".png", ".jpg", "_truth.csv", "_truth.json")
    written = [out / f"{name}{ending}" for name in names.values() for ending in endings]
    refuse_existing([out / "manifest.csv", *written])
    make_folder(out)
    manifest = ["photo,px_per_mm,preset,seed"]
    for number, name in names.items():
        scene = make_scalp(PRESETS[preset], rng=np.random.default_rng(number))
        photo = _write_scene(out, name, scene)
        manifest.append(f"{photo},{scene.px_per_mm:g},{preset},{number}")
    _write_text(out / "manifest.csv", "\n".join(manifest) + "\n")
    typer.echo(f"Wrote {count} photograph{'s' * (count > 1)} with truth to {out}.", err=True)


def _write_scene(folder: Path, name: str, scene: ScalpScene) -> str:
    """Write one photograph, its truth table and its counts; return the photograph's name."""
    import json  # noqa: PLC0415

    from ..study.writing import write_bytes  # noqa: PLC0415
    from ..synthetic.camera import encode_png  # noqa: PLC0415
    from ..synthetic.truth import truth_counts, truth_csv, truth_rows  # noqa: PLC0415

    photo = f"{name}.png" if scene.jpeg is None else f"{name}.jpg"
    write_bytes(folder / photo, scene.jpeg or encode_png(scene.pixels))
    rows = truth_rows(scene, photo_id=photo)
    _write_text(folder / f"{name}_truth.csv", truth_csv(rows))
    counts = {"photo_id": photo} | truth_counts(scene)
    _write_text(folder / f"{name}_truth.json", json.dumps(counts, indent=1) + "\n")
    return photo


def _write_text(path: Path, text: str) -> None:
    from ..study.writing import write_bytes  # noqa: PLC0415

    write_bytes(path, text.encode())
