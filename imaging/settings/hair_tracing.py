"""Settings of the hair wing that find and trace hairs."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class HairTracing:
    """Field, evidence and tracing of hairs."""

    segmenter: str = setting(
        "hair-5",
        reason="What turns pixels into evidence; on labelled photographs hair-5 counts better.",
        stage="evidence",
    )
    field: str = setting(
        "auto",
        choices=("auto", "circle", "full"),
        reason="What is counted: the readable field, the inside of a burnt-in circle, or all.",
        stage="evidence",
    )
    polarity: str = setting(
        "auto",
        choices=("auto", "dark", "light"),
        reason=(
            "Whether hairs are darker or lighter than the skin; auto takes the stronger lines, and "
            "white and grey hairs among dark ones besides."
        ),
        stage="evidence",
    )
    light_hair_ratio: float = setting(
        1.5,
        low=1.0,
        high=10.0,
        reason="What is lighter than skin must outweigh the darker by this much: glare is light.",
        stage="evidence",
    )
    white_contrast_to_noise: float = setting(
        5.0,
        low=3.0,
        high=100.0,
        reason=(
            "A white hair among dark ones is paler than the paler of its two sides by this many "
            "standard deviations of paleness at a hair's width: on generated scenes what else has "
            "the shape of one stays below 3.5."
        ),
        stage="evidence",
    )
    grey_contrast_to_noise: float = setting(
        4.0,
        low=3.0,
        high=100.0,
        reason=(
            "The same for grey hair, by what has less colour than skin: of 70 photographs of dark "
            "hair one had a line of another kind above 3, none above 4."
        ),
        stage="evidence",
    )
    least_white_length_mm: float = setting(
        0.2,
        unit="mm",
        low=0.03,
        high=2.0,
        reason="Shorter pale lines are grains of reflection, scale and rims of bubbles.",
        stage="evidence",
    )
    least_white_width_um: float = setting(
        35.0,
        unit="µm",
        low=5.0,
        high=100.0,
        reason="Narrower pale lines are reflections of the lamp along a shaft, or in skin.",
        stage="evidence",
    )
    most_white_width_um: float = setting(
        120.0,
        unit="µm",
        low=30.0,
        high=300.0,
        not_below="least_white_width_um",
        reason="Wider than the thickest hair: patches of reflection and scale.",
        stage="evidence",
    )
    least_white_quality: float = setting(
        0.7,
        low=0.0,
        high=1.0,
        reason=(
            "Quality of a pale line (both edges, and pale between them), above what is asked of "
            "dark ones: skin mirrors the lamp in lines too."
        ),
        stage="tracing",
    )
    most_white_unevenness: float = setting(
        0.3,
        low=0.0,
        high=2.0,
        reason=(
            "Standard deviation of paleness along a white hair as a share of its mean; of nine in "
            "ten it is below 0.15, reflections come and go."
        ),
        stage="tracing",
    )
    least_beside_skin: float = setting(
        0.7,
        low=0.0,
        high=1.0,
        reason=(
            "Share of its length on which a white hair has skin on one side at least: a reflection "
            "on a dark shaft and a gap between two have none."
        ),
        stage="tracing",
    )
    least_grey_beside_skin: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        reason="The same for grey hair: no reflection is grey, so that touching hairs may pass.",
        stage="tracing",
    )
    usual_contrast: float = setting(
        0.20,
        low=0.05,
        high=1.0,
        reason=(
            "Line response of the strongest 2 % of a photo with dark hair (0.17 to 0.40 on real "
            "frames); fairer hair is amplified up to it."
        ),
        stage="evidence",
    )
    most_gain: float = setting(
        3.0,
        low=1.0,
        high=10.0,
        reason="Fair hair is amplified by this much at most: skin texture grows with it.",
        stage="evidence",
    )
    least_contrast_to_noise: float = setting(
        7.0,
        low=1.0,
        high=100.0,
        reason=(
            "Lines are amplified only where the strongest 0.5 % stand this far above the noise of "
            "the skin, and fully from a third more on; bare skin and vessels stay at 4 to 6.7, "
            "sparse fair hair reaches 9."
        ),
        stage="evidence",
    )
    faint_contrast_to_noise: float = setting(
        6.0,
        low=1.0,
        high=100.0,
        reason=(
            "The same where a learned segmenter judges each line: it tells vessels, which reach "
            "6.7, from a few fair hairs, at 5 to 12; with 5.2 some vessels pass for hair."
        ),
        stage="evidence",
    )
    working_px_per_mm: float = setting(
        110.0,
        unit="px/mm",
        low=50.0,
        high=250.0,
        reason="Hairs are 5 to 9 px wide and the gap between touching ones still shows.",
        stage="evidence",
    )
    narrow_filter_um: float = setting(
        12.0,
        unit="µm",
        low=4.0,
        high=40.0,
        reason="Standard deviation across the filter that tells touching hairs apart.",
        stage="evidence",
    )
    wide_filter_um: float = setting(
        24.0,
        unit="µm",
        low=8.0,
        high=80.0,
        not_below="narrow_filter_um",
        reason="Standard deviation across the filter that matches a terminal hair.",
        stage="evidence",
    )
    filter_length_mm: float = setting(
        0.065,
        unit="mm",
        low=0.02,
        high=0.3,
        reason="Standard deviation along the filters: shorter than a clipped stub.",
        stage="evidence",
    )
    filter_angles: int = setting(
        18,
        low=8,
        high=48,
        reason="Steps of 10 degrees, the resolution of the filters.",
        stage="evidence",
    )
    seed_response: float = setting(
        0.08,
        low=0.01,
        high=1.0,
        reason="Line response (density units) from which a hair may be traced.",
        stage="tracing",
    )
    faint_seed_response: float = setting(
        0.05,
        low=0.01,
        high=1.0,
        reason=(
            "The same where a learned segmenter judges each line: it finds thin hairs, and the "
            "judge knows what else is so faint."
        ),
        stage="tracing",
    )
    follow_response: float = setting(
        0.04,
        low=0.005,
        high=1.0,
        reason="Line response (density units) down to which a traced hair goes on.",
        stage="tracing",
    )
    min_bend_radius_mm: float = setting(
        1.0,
        unit="mm",
        low=0.05,
        high=10.0,
        reason=(
            "Shafts do not bend more sharply; a sharper turn is the change to another hair.  With "
            "0.6, 1.25, 1.5 or 3 mm the count of labelled frames errs more."
        ),
        stage="tracing",
    )
    curly_bend_radius_mm: float = setting(
        0.25,
        unit="mm",
        low=0.05,
        high=10.0,
        reason="Curly hair bends as sharply as this; used where the photo's hair is curly.",
        stage="tracing",
    )
    curly_bend_deg_per_mm: float = setting(
        6.0,
        unit="degrees per mm",
        low=0.5,
        high=1000.0,
        reason=(
            "Hair whose long lines, free to bend, bend so much in the median is curly; the first "
            "10 degrees of each line are noise. Generated hair of 0.7 bends per mm or more has 6.7 "
            "and more, long straight hair up to 4.9, labelled clipped hair up to 1.7."
        ),
        stage="tracing",
    )
    min_length_mm: float = setting(
        0.12,
        unit="mm",
        low=0.03,
        high=2.0,
        reason="Shorter visible stubs cannot be told from debris.",
        stage="tracing",
    )
    min_shaft_density: float = setting(
        0.12,
        low=0.02,
        high=1.0,
        reason="Least optical density of a shaft over the skin; fair hair reaches 0.1.",
        stage="tracing",
    )
    end_fraction: float = setting(
        0.64,
        low=0.1,
        high=0.95,
        reason="A shaft ends where its density falls to this share of its own plateau.",
        stage="tracing",
    )
    usual_width_um: float = setting(
        70.0,
        unit="µm",
        low=20.0,
        high=150.0,
        reason="Width assumed until the photo shows its own usual width.",
        stage="tracing",
    )
    bar_prior: float = setting(
        0.25,
        low=0.0,
        high=5.0,
        reason="How much a width off the usual one must be better supported by its edges.",
        stage="tracing",
    )
    width_prior: float = setting(
        8.0,
        low=0.0,
        high=50.0,
        reason="How much a strip far off the usual width is worth less: pairs that touch.",
        stage="tracing",
    )
    thin_prior: float = setting(
        1.0,
        low=0.0,
        high=50.0,
        reason="The same for strips thinner than usual: vellus hair is real.",
        stage="tracing",
    )
    band_ratio: float = setting(
        1.25,
        low=1.0,
        high=3.0,
        reason="A dark band wider than this many usual widths may be hairs that touch.",
        stage="tracing",
    )
    edge_saturation: float = setting(
        0.7,
        low=0.1,
        high=1.0,
        reason="A fall of darkness by this share of the plateau is a full edge.",
        stage="tracing",
    )
    bare_fraction: float = setting(
        0.35,
        low=0.05,
        high=0.6,
        reason="Darkness below this share of the plateau is skin.",
        stage="tracing",
    )
    shaft_fraction: float = setting(
        0.70,
        low=0.3,
        high=1.0,
        not_below="bare_fraction",
        reason="Darkness above this share of the plateau is shaft.",
        stage="tracing",
    )
    min_worth_mm: float = setting(
        0.06,
        unit="mm",
        low=0.02,
        high=1.0,
        reason="A strip must explain this much length that no other one explains.",
        stage="tracing",
    )
    faint_worth_mm: float = setting(
        0.045,
        unit="mm",
        low=0.02,
        high=1.0,
        reason="The same where a learned segmenter judges each line.",
        stage="tracing",
    )
    min_support: float = setting(
        0.08,
        low=0.01,
        high=1.0,
        reason="Share of its length that a strip must explain.",
        stage="tracing",
    )
    faint_support: float = setting(
        0.06,
        low=0.01,
        high=1.0,
        reason="The same where a learned segmenter judges each line.",
        stage="tracing",
    )
    join_length_mm: float = setting(
        0.6,
        unit="mm",
        low=0.1,
        high=10.0,
        reason="Only pieces at least this long are joined: stubs in one line are two hairs.",
        stage="tracing",
    )
    join_gap_mm: float = setting(
        0.30,
        unit="mm",
        low=0.0,
        high=2.0,
        reason="Pieces of one hair are joined over a gap of this size at most.",
        stage="tracing",
    )
    root_shadow_mm: float = setting(
        0.25,
        unit="mm",
        low=0.05,
        high=1.0,
        reason="How far beyond an end the shadow of a shaft under the skin is looked for.",
        stage="tracing",
    )
