"""Every quality flag as data: its name, what it means, and what a person should do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """One flag: a stable name for the tables, a sentence, and a remedy."""

    name: str
    meaning: str
    remedy: str


_DECLARED = (
    # -- any photo
    Flag("not_in_manifest", "The photo has no row in the manifest.", "Add a row for it."),
    Flag(
        "no_scale",
        "Millimetres per pixel are unknown: only counts are given.",
        "Give --px-per-mm or --field-width-mm, or a manifest column of that name.",
    ),
    Flag(
        "scale_conflict",
        "The given scale is off the scale bar in the photo.",
        "Check the magnification; the given scale was used.",
    ),
    Flag(
        "scale_uncalibrated",
        "The scale comes from a bar of a device that says it is not calibrated.",
        "Photograph a ruler with this device and give --px-per-mm.",
    ),
    Flag(
        "scale_bar_unread",
        "A scale bar was found but its text could not be read; no scale was taken from it.",
        "Give --px-per-mm or --field-width-mm.",
    ),
    Flag("blurred", "The photo, or most of it, is out of focus.", "Take it again, in focus."),
    Flag("underexposed", "Large parts are too dark to read.", "Take it again with more light."),
    Flag("overexposed", "Large parts are burnt out.", "Take it again with less light."),
    Flag(
        "glare",
        "Reflections cover part of the field; they were taken off the area.",
        "Polarise or dry.",
    ),
    Flag("low_resolution", "Too few pixels for this measurement.", "Use the original."),
    Flag("grey_photo", "The photo has no colour.", "Use the colour original."),
    # -- hair
    Flag(
        "field_reduced",
        "Less than 80 % of the photo could be read; the area was reduced accordingly.",
        "Look at the hatched parts of the overlay.",
    ),
    Flag(
        "cutoff_below_resolution",
        "The terminal/vellus cut-off is under 5 pixels wide: hairs near it may be misclassed.",
        "Use a higher magnification.",
    ),
    Flag(
        "diameter_below_resolution",
        "The cut-off is under 3 pixels wide: no terminal/vellus split is given.",
        "Use a higher magnification.",
    ),
    Flag(
        "too_dense",
        "Hair covers so much skin that roots are hidden: the count is a lower bound.",
        "Clip the hair before taking the photo.",
    ),
    Flag(
        "long_hair",
        "Most hairs run to the edge of the field: roots and lengths are uncertain.",
        "Clip the hair before taking the photo.",
    ),
    Flag(
        "no_scalp",
        "The photo does not look like scalp seen through a microscope.",
        "Check the file.",
    ),
    Flag(
        "low_confidence",
        "Many of the counted hairs are uncertain: the count's interval is wide.",
        "Check the overlay.",
    ),
    Flag(
        "crowded_unit",
        "A cluster of roots held more hairs than a unit may have and was cut.",
        "Check the clusters on the overlay; grafted rows need a smaller hair.unit_link_mm.",
    ),
    Flag("few_hairs", "Fewer than 20 hairs: shares are very uncertain.", "Use more fields."),
    Flag("no_circle", "No measuring circle was found; the whole field was used.", "Check."),
    Flag(
        "scale_implausible",
        "Hairs would be far thinner or thicker than any hair at this scale.",
        "Check the magnification.",
    ),
)

FLAGS: dict[str, Flag] = {flag.name: flag for flag in _DECLARED}


def join_flags(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return the flags of all groups once each, sorted; an undeclared name is a bug."""
    names = sorted({name for group in groups for name in group})
    for name in names:
        if name not in FLAGS:
            raise KeyError(f"flag {name!r} is not declared in records/flags.py")
    return tuple(names)
