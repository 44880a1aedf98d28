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
    Flag(
        "ruler_unread",
        "A ruler is in view, but its numbers do not tell its unit; no scale was taken from it.",
        "Give --px-per-mm, or keep the word cm or mm in view.",
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
    Flag(
        "grey_photo",
        "The photo has no colour; of a face no pigment can be told.",
        "Use the colour original.",
    ),
    Flag(
        "first_page_only",
        "The file holds several pages or frames; the first was measured.",
        "Export the others as photos of their own.",
    ),
    Flag(
        "transparent",
        "Parts of the photo are transparent; they were laid over white.",
        "Use the original, without a cut-out background.",
    ),
    Flag(
        "colour_uncertain",
        "Its colour profile is broken or missing: the colours are a guess.",
        "Export the photo again as RGB with a profile, best as sRGB.",
    ),
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
        "no_scalp",
        "What is seen is no evenly lit skin: this seems to be no photo of a scalp.",
        "Check the file; if it is a scalp, fill the field with skin.",
    ),
    Flag(
        "too_dense",
        "Hair covers so much skin that roots are hidden: the count is not reliable.",
        "Clip the hair before taking the photo.",
    ),
    Flag(
        "long_hair",
        "Most hairs run to the edge of the field: roots and lengths are uncertain.",
        "Clip the hair before taking the photo.",
    ),
    Flag(
        "white_hair",
        "White or grey hairs grow among dark ones: fine and touching ones may be missed.",
        "Look at the overlay; what is missed has to be counted by hand.",
    ),
    Flag(
        "low_confidence",
        "The count is uncertain: a wide interval, or roots hidden below long or dense hair.",
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
    # -- follow-up of hair
    Flag(
        "scale_from_pair",
        "One photo of the pair has no scale: its own was solved from the other's.",
        "Give the scale of both photos.",
    ),
    Flag(
        "pair_scale_conflict",
        "The scales given for the two photos do not agree with how they lie on each other.",
        "Check the magnifications; lengths were compared on the baseline's scale.",
    ),
    Flag(
        "aligned_by_texture",
        "Too few roots agree; the photos were laid over each other by the skin's texture.",
        "Check the pair on the overlay.",
    ),
    Flag(
        "small_overlap",
        "The photos have less than half of the baseline's frame in common.",
        "Compare the common area only; hold the camera as at baseline.",
    ),
    Flag(
        "survival_early",
        "Less than 6 months after the grafts: shed grafts have not grown again.",
        "Read survival from month 6, better from month 9 on.",
    ),
    Flag(
        "survival_over_100",
        "More hairs or units than were grafted: resident ones were counted with them.",
        "Give hairs_resident and units_resident, or a pre-operative photo.",
    ),
    Flag(
        "grafts_differ",
        "The grafts found in the photo are 20 % more or fewer than grafts_in_field says.",
        "Look at the units on the picture; give a graft map.",
    ),
    Flag(
        "resident_unknown",
        "Nothing tells how many hairs and units were there before the grafts; none was taken off.",
        "Give hairs_resident and units_resident, or a graft map.",
    ),
    Flag(
        "hairs_implanted_assumed",
        "The number of implanted hairs is the baseline's own count of them: stubs may be hidden.",
        "Give hairs_in_field.",
    ),
    Flag(
        "clipped_between",
        "The hair was clipped between the two photos: growth cannot be told.",
        "Photograph 2 to 3 days after clipping, and do not clip in between.",
    ),
    # -- face: colour, pigment and scores
    Flag("glasses", "Glasses were seen; their frames were left out.", "Take off the glasses."),
    Flag("beard", "A beard hides skin; it was left out.", "Read the readable share."),
    Flag(
        "several_faces",
        "More than one face is in the photo; the largest was scored.",
        "Crop the photo if that is not the patient.",
    ),
    Flag(
        "turned_photo",
        "The photo lies on its side or stands on its head; the face was read upright.",
        "Turn the photo.",
    ),
    Flag(
        "eyes_covered",
        "A bar, boxes, a mosaic or blur covers the eyes; what it covers was not measured.",
        "Check the landmarks on the overlay.",
    ),
    Flag(
        "view_mismatch",
        "The manifest names another view than the photo shows; the view that is seen was used.",
        "Check the column view: it names the patient's cheek that is seen.",
    ),
    Flag(
        "extreme_view",
        "The head is turned further than landmarks can be trusted.",
        "Use photos from the front and at 45 degrees.",
    ),
    Flag(
        "face_cut",
        "The photo's edge cuts the face; regions that reach beyond it are partly unread.",
        "Use a photo that shows the whole face.",
    ),
    Flag(
        "uncalibrated_colour",
        "No verified colour chart: ITA and the melanin index cannot be compared between cameras.",
        "Photograph a 24-patch colour chart beside the face.",
    ),
    Flag(
        "colour_chart_refused",
        "A colour chart was seen but is half hidden or does not fit; it was not used.",
        "Keep the whole chart in view, flat and without glare.",
    ),
    Flag(
        "borrowed_reference",
        "A region has little normal skin left; normal skin was taken from elsewhere on the face.",
        "Check the reference skin on the overlay.",
    ),
    Flag(
        "no_reference",
        "No normal skin was found to compare with: pigment cannot be told.",
        "Use a photo that shows normal skin beside the lesion.",
    ),
    Flag(
        "region_unreadable",
        "A region is less than half readable: it has no score.",
        "Tie back hair, avoid glare, or take the photo again.",
    ),
    Flag(
        "area_score_near_edge",
        "The threshold-sensitivity range of a region's share spans an edge of the area score.",
        "Read the raw percentage beside the area score.",
    ),
    Flag(
        "assumed_face_width",
        "Millimetres on the face assume an ear-to-ear width of 135 mm.",
        "Give --px-per-mm.",
    ),
    Flag(
        "single_oblique_view",
        "An oblique view scores the cheek it sees: MASI needs the front or all three views.",
        "Give the visit and the view of each photo in a manifest.",
    ),
    Flag(
        "patch_mode",
        "A crop was scored as one region: there is no MASI of it.",
        "Use a photo of the whole face for MASI.",
    ),
    Flag(
        "missing_view",
        "Not all three views of the visit are there; the front stood in for a missing one.",
        "Take front, left45 and right45 at every visit.",
    ),
    # -- follow-up
    Flag(
        "resident_from_preop",
        "The hair that was there before was taken from the pre-operative photo, by area.",
        "Give hairs_resident and units_resident in the manifest.",
    ),
    Flag(
        "pose_differs",
        "The head is turned differently at the two visits.",
        "Take follow-up photos in the pose of the baseline.",
    ),
    Flag(
        "size_differs",
        "The face is much larger in one of the two photos.",
        "Keep camera, lens and distance.",
    ),
    Flag(
        "sharpness_differs",
        "One of the two photos shows finer detail than the other.",
        "Keep camera and focus; use originals, not copies from a messenger.",
    ),
    Flag(
        "light_differs",
        "The light falls differently on the face at the two visits.",
        "Keep the lamps; the difference was taken out as far as normal skin tells it.",
    ),
    Flag(
        "tone_differs",
        "Exposure or colour differ much between the two visits.",
        "Keep exposure and white balance; a colour chart beside the face helps.",
    ),
    Flag(
        "recent_treatment",
        "A photo was taken within the weeks after laser: redness and crusts mislead.",
        "Read the change at a later visit.",
    ),
    Flag(
        "small_overlap",
        "The follow-up shows only part of the baseline's skin again.",
        "Take follow-up photos of the same view.",
    ),
    Flag(
        "few_reference_sites",
        "Little skin is normal at both visits: the tone was matched on little.",
        "Use a verified colour chart.",
    ),
    Flag(
        "not_aligned",
        "Crops have no landmarks: their scores were compared, not their pixels.",
        "Use photos of the whole face.",
    ),
    Flag(
        "repeated_view",
        "Two photos of one view or field; the first was used.",
        "Check the manifest.",
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
