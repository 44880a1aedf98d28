"""Settings of the hair wing."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class HairSettings:
    """Field, evidence, tracing and measuring of hairs."""

    segmenter: str = setting(
        "ridges",
        reason="What turns pixels into evidence; the benchmark says which is better.",
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
        reason="Whether hairs are darker or lighter than the skin; auto takes the stronger lines.",
        stage="evidence",
    )
    light_hair_ratio: float = setting(
        1.5,
        low=1.0,
        high=10.0,
        reason="What is lighter than skin must outweigh the darker by this much: glare is light.",
        stage="evidence",
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
        8.0,
        low=1.0,
        high=100.0,
        reason=(
            "Only lines this far above the noise of the skin are amplified; bare skin, vessels and "
            "moles stay at 3 to 7, fair hair reaches 10 to 16."
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
    least_vote: float = setting(
        0.3,
        low=0.05,
        high=0.95,
        reason="Learned segmenter: probability of shaft from which a pixel votes for its hair.",
        stage="tracing",
    )
    min_votes: float = setting(
        3.0,
        low=0.5,
        high=100.0,
        reason="Learned segmenter: votes that must agree on a hair; a fine stub has ten.",
        stage="tracing",
    )
    seed_response: float = setting(
        0.08,
        low=0.01,
        high=1.0,
        reason="Line response (density units) from which a hair may be traced.",
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
        0.6,
        unit="mm",
        low=0.05,
        high=10.0,
        reason="Shafts do not bend more sharply; a sharper turn is the change to another hair.",
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
    min_support: float = setting(
        0.08,
        low=0.01,
        high=1.0,
        reason="Share of its length that a strip must explain.",
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
    guard_margin_mm: float = setting(
        0.2,
        unit="mm",
        low=0.0,
        high=2.0,
        reason="The field's edge cuts hairs and units; the frame keeps this distance from it.",
        stage="measuring",
    )
    usual_blur_px: float = setting(
        1.0,
        unit="px",
        low=0.0,
        high=10.0,
        reason="Blur (standard deviation) assumed where too few clear edges show the photo's own.",
        stage="measuring",
    )
    min_confidence: float = setting(
        0.65,
        low=0.0,
        high=1.0,
        reason="A traced line that is less likely a rooted hair than this is dropped.",
        stage="measuring",
    )
    min_vote_confidence: float = setting(
        0.6,
        low=0.0,
        high=1.0,
        reason="The same for a learned segmenter: least bias of labelled frames 00-19.",
        stage="measuring",
    )
    least_clarity: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        reason=(
            "Mean quality of a traced line and those around it: the grain of a mole gives 0.45, "
            "hair 0.6 (long, crossing) to 0.8."
        ),
        stage="measuring",
    )
    overcount_relative_error: float = setting(
        0.07,
        low=0.0,
        high=1.0,
        reason="Standard error of a count by split hairs and debris, from scenes of known truth.",
        stage="measuring",
    )
    undercount_relative_error: float = setting(
        0.12,
        low=0.0,
        high=1.0,
        reason="Standard error of a count by hidden hairs, from scenes of known truth.",
        stage="measuring",
    )
    diameter_slope: float = setting(
        1.0,
        low=0.2,
        high=5.0,
        reason="Diameters are multiplied by this; fitted to a caliper by calibrate hair.",
        stage="measuring",
    )
    diameter_offset_um: float = setting(
        0.0,
        unit="µm",
        low=-100.0,
        high=100.0,
        reason="Added to the diameters after that; fitted with the slope.",
        stage="measuring",
    )
    calibration_data: str = setting(
        "",
        reason="The caliper readings that slope and offset were fitted to; empty for none.",
        stage="measuring",
    )
    terminal_cutoff_um: float = setting(
        40.0,
        unit="µm",
        low=15.0,
        high=100.0,
        reason="Terminal when the diameter is at least this; TrichoScan uses 40, others 30.",
        source="10.1111/j.1468-3083.2006.01568.x",
        stage="measuring",
    )
    unit_link_mm: float = setting(
        0.30,
        unit="mm",
        low=0.05,
        high=1.0,
        reason=(
            "Roots closer than this may share a follicular unit. On labelled frames 0.25 / 0.30 / "
            "0.35 mm wrongly merge 2.7 / 7.9 / 12 % of singles and leave 6.3 / 2.1 / 1.7 % alone."
        ),
        stage="measuring",
    )
    max_hairs_per_unit: int = setting(
        5,
        low=1,
        high=20,
        reason="More than five hairs share an ostium in 0.2 % of units; above it the unit is cut.",
        source="10.20517/2347-9264.2017.52",
        stage="measuring",
    )
    least_cutoff_px: float = setting(
        3.0,
        unit="px",
        low=1.0,
        high=20.0,
        reason="Below this many pixels a 1 px edge error moves the class: no split is given.",
        stage="measuring",
    )
    safe_cutoff_px: float = setting(
        5.0,
        unit="px",
        low=1.0,
        high=40.0,
        reason="Below this many pixels of cut-off the split is flagged.",
        stage="measuring",
    )
    few_hairs: int = setting(
        20,
        low=1,
        high=1000,
        reason="With fewer hairs the shares and means are flagged: one hair is 5 % and more.",
        stage="measuring",
    )
    wide_interval_share: float = setting(
        0.30,
        low=0.01,
        high=2.0,
        reason="A count whose 95 % limits lie further off than this share of it is flagged.",
        stage="measuring",
    )
    cover_density: float = setting(
        0.30,
        low=0.05,
        high=1.5,
        reason="Optical density from which a pixel counts as covered by hair.",
        stage="measuring",
    )
    most_cover_share: float = setting(
        0.15,
        low=0.05,
        high=1.0,
        reason="Clipped hair covers up to 0.10 of the skin; above this, it hides roots.",
        stage="measuring",
    )
    long_hair_share: float = setting(
        0.5,
        low=0.05,
        high=1.0,
        reason="More hairs than this leaving the field: unclipped hair, roots are uncertain.",
        stage="measuring",
    )
    least_usual_width_um: float = setting(
        20.0,
        unit="µm",
        low=1.0,
        high=100.0,
        reason="A median shaft thinner than this cannot be: the scale must be wrong.",
        stage="measuring",
    )
    most_usual_width_um: float = setting(
        160.0,
        unit="µm",
        low=50.0,
        high=1000.0,
        reason="A median shaft thicker than this cannot be: the scale must be wrong.",
        stage="measuring",
    )
