"""`dermetry synth hair-pairs`: visits to one spot of scalp, with the fate of each hair or graft."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError

if TYPE_CHECKING:
    from ..synthetic.pair_truth import PairFiles


class PairKind(enum.StrEnum):
    """What happens between the visits."""

    visits = "visits"
    growth = "growth"
    grafts = "grafts"


def make_hair_pairs(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write into.")
    ] = None,
    kind: Annotated[
        PairKind,
        typer.Option(
            "--kind",
            help="visits: hairs lost and new after 6 months; growth: 2 or 3 days, not clipped; "
            "grafts: after surgery, month 9 and month 12.",
        ),
    ] = PairKind.visits,
    preset: Annotated[
        str, typer.Option("--preset", help="Kind of photograph; grafts have their own.")
    ] = "clipped_light_skin",
    lost: Annotated[
        float, typer.Option("--lost", min=0.0, max=1.0, help="Share of hairs lost.")
    ] = 0.12,
    new: Annotated[
        float, typer.Option("--new", min=0.0, max=1.0, help="Share of hairs that are new.")
    ] = 0.03,
    survival: Annotated[
        float, typer.Option("--survival", min=0.0, max=1.0, help="Chance of a graft to live.")
    ] = 0.8,
    grafts: Annotated[int, typer.Option("--grafts", min=5, max=150, help="Grafts in view.")] = 50,
    count: Annotated[int, typer.Option("--count", min=1, help="How many pairs.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the first one.")] = 0,
) -> None:
    """Make visits to one spot, turned, zoomed, shifted and re-lit, with the exact truth.

    photos/ holds the pictures; truth/ the fate of every hair or graft; manifest.csv suits
    `dermetry followup hair DIR/photos --manifest DIR/manifest.csv`.
    """
    from ..synthetic.scalp import PRESETS  # noqa: PLC0415

    if preset not in PRESETS:
        raise UsageError(
            f"There is no preset {preset!r}.", remedy="dermetry synth hair --list shows all."
        )
    if out is None:
        raise UsageError(
            "No folder to write into was named.", remedy="Add --out with a folder's name."
        )
    if lost + new > 1:
        raise UsageError(
            f"--lost {lost:g} and --new {new:g} are more than all hairs.", remedy="Lower one."
        )
    import numpy as np  # noqa: PLC0415

    from ..study.writing import refuse_existing  # noqa: PLC0415
    from ..synthetic.pair_truth import graft_files, growth_files, visit_files  # noqa: PLC0415

    # Told before the pairs are made, which takes long; the names of the others are known then.
    refuse_existing([out / "manifest.csv"])
    made: list[PairFiles] = []
    for number in range(seed, seed + count):
        rng = np.random.default_rng(number)
        name = f"{kind.value}_{number:04d}"
        if kind is PairKind.grafts:
            made.append(graft_files(name, grafts=grafts, survival=survival, rng=rng))
        elif kind is PairKind.growth:
            made.append(growth_files(name, PRESETS[preset], rng=rng))
        else:
            made.append(visit_files(name, PRESETS[preset], lost=lost, new=new, rng=rng))
    _write(out, made)
    typer.echo(f"Wrote {count} pair{'s' * (count > 1)} with truth to {out}.", err=True)


def _write(out: Path, made: list[PairFiles]) -> None:
    from ..study.writing import make_folder, refuse_existing, write_bytes  # noqa: PLC0415
    from ..synthetic.pair_truth import manifest_text  # noqa: PLC0415

    contents: dict[Path, bytes] = {}
    for files in made:
        contents |= {out / "photos" / name: content for name, content in files.photos.items()}
        contents |= {out / name: text.encode() for name, text in files.tables.items()}
    refuse_existing(contents)
    for folder in (out, out / "photos", out / "truth"):
        make_folder(folder)
    for path, content in contents.items():
        write_bytes(path, content)
    listed = manifest_text([row for files in made for row in files.manifest])
    write_bytes(out / "manifest.csv", listed.encode())
