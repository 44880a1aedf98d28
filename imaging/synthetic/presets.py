"""Named synthetic photographs.

They were fixed before any detector was tuned and change for realism only, with a reason in the
commit; never to make a detector look good.
"""

from __future__ import annotations

from dataclasses import replace

from .graphics import BarSpec, GraphicsSpec, TextStyle
from .spec import CameraSpec, HairSpec, ScalpSpec, SkinSpec, SurfaceSpec, UnitSpec

#: Shaved donor scalp under a handheld microscope: 179.5 px/mm, 1280 x 1024.  Measured on forty
#: photographs: 51 labelled hairs each, hairs per unit (clusters of 0.28 mm) 41/43/14/1.3 %, nearest
#: units 0.87 mm, clipped length median 0.42 mm (5 to 95 %: 0.20 to 0.79), half-level widths median
#: 15 px, edges that rise from 10 to 90 % within 4 to 14 px (median 7.8), directions 8.3° mean
#: deviation, skin near (138, 131, 125), shafts near (40, 40, 40).
SHAVED = ScalpSpec(
    units=UnitSpec(
        density_per_cm2=69.0,
        hairs_per_unit=(0.37, 0.45, 0.16, 0.015, 0.002),
        min_spacing_mm=0.6,
        root_spread_mm=(0.04, 0.2),
        tight_share=0.45,
        fan_share=0.12,
        field_sd_deg=5.0,
        unit_sd_deg=6.0,
        within_sd_deg=10.5,
    ),
    hair=HairSpec(
        terminal_mean_um=90.0,
        terminal_sd_um=16.0,
        vellus_share=0.06,
        length_mm=0.43,
        length_log_sd=0.38,
    ),
    skin=SkinSpec(
        tone_srgb=(145.0, 139.0, 113.0),
        mottle=0.7,
        redness=0.25,
        subsurface_length_mm=0.36,
        wrinkles=1.0,
    ),
    surface=SurfaceSpec(
        clippings_per_cm2=4.0, flakes_per_cm2=120.0, crumbs_per_hair=3.0, ink_dots_per_cm2=8.0
    ),
    camera=CameraSpec(
        violet=1.4, blur_px=1.2, tilt_blur_px=3.6, lift_blur_px=2.0, noise=1.7, jpeg_quality=92
    ),
)

_LIGHT = SkinSpec(tone_srgb=(212.0, 182.0, 162.0), redness=0.4, shine=0.6)
_DARK = SkinSpec(tone_srgb=(116.0, 83.0, 65.0), redness=0.2, shine=0.35, subsurface=0.5, halo=0.6)
_VERY_DARK = SkinSpec(
    tone_srgb=(72.0, 50.0, 40.0), redness=0.0, shine=0.25, subsurface=0.3, halo=0.4
)
_PLAIN_CAMERA = CameraSpec(blur_px=1.1, tilt_blur_px=1.2, noise=1.2, jpeg_quality=90)

_CLIPPED_LIGHT = ScalpSpec(
    px_per_mm=150.0,
    width_px=1280,
    height_px=960,
    hair=HairSpec(colours=(("brown", 0.8), ("black", 0.2)), length_mm=0.6),
    skin=_LIGHT,
    surface=SurfaceSpec(clippings_per_cm2=1.5, flakes_per_cm2=30.0),
    camera=_PLAIN_CAMERA,
)
_BARE = replace(
    _CLIPPED_LIGHT, units=UnitSpec(density_per_cm2=0.0), surface=SurfaceSpec(flakes_per_cm2=20.0)
)

PRESETS: dict[str, ScalpSpec] = {
    "shaved": SHAVED,
    "clipped_light_skin": _CLIPPED_LIGHT,
    "clipped_dark_skin": replace(
        _CLIPPED_LIGHT, skin=_DARK, hair=HairSpec(length_mm=0.6), surface=SurfaceSpec()
    ),
    "clipped_blond": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(
            colours=(("blond", 0.9), ("brown", 0.1)), terminal_mean_um=64.0, length_mm=0.6
        ),
    ),
    "grey_hair": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(colours=(("grey", 0.55), ("white", 0.15), ("black", 0.3)), length_mm=0.55),
        skin=SkinSpec(tone_srgb=(186.0, 150.0, 128.0), shine=0.6, mottle=1.3),
    ),
    "light_on_dark": replace(
        _CLIPPED_LIGHT,
        skin=_VERY_DARK,
        hair=HairSpec(colours=(("white", 0.75), ("grey", 0.25)), length_mm=0.6),
        surface=SurfaceSpec(flakes_per_cm2=15.0),
    ),
    "vellus_rich": replace(
        _CLIPPED_LIGHT,
        px_per_mm=179.5,
        hair=HairSpec(
            colours=(("brown", 0.5), ("black", 0.5)),
            terminal_mean_um=60.0,
            vellus_share=0.4,
            vellus_mean_um=27.0,
            length_mm=0.5,
        ),
    ),
    "dense_units": replace(
        _CLIPPED_LIGHT,
        units=UnitSpec(
            density_per_cm2=95.0,
            hairs_per_unit=(0.12, 0.43, 0.32, 0.11, 0.02),
            min_spacing_mm=0.6,
            tight_share=0.5,
            fan_share=0.2,
        ),
        skin=SkinSpec(),
        hair=HairSpec(length_mm=0.5, terminal_mean_um=74.0),
    ),
    "day3_regrowth": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(
            colours=(("black", 0.6), ("brown", 0.4)),
            length_mm=1.25,
            length_log_sd=0.22,
            curl_per_mm=0.25,
        ),
        skin=SkinSpec(tone_srgb=(196.0, 166.0, 146.0)),
    ),
    "long_crossing": replace(
        _CLIPPED_LIGHT,
        units=UnitSpec(
            density_per_cm2=80.0, within_sd_deg=16.0, unit_sd_deg=12.0, field_sd_deg=12.0
        ),
        hair=HairSpec(
            terminal_mean_um=66.0,
            length_mm=3.6,
            length_log_sd=0.5,
            curl_per_mm=0.2,
            tapered_share=0.1,
            gloss=2.0,
        ),
        skin=SkinSpec(tone_srgb=(196.0, 178.0, 164.0)),
        surface=SurfaceSpec(flakes_per_cm2=30.0),
        camera=CameraSpec(blur_px=1.1, tilt_blur_px=1.2, lift_blur_px=1.8, noise=1.2),
    ),
    "curly": replace(
        _CLIPPED_LIGHT,
        units=UnitSpec(density_per_cm2=58.0, within_sd_deg=22.0, unit_sd_deg=25.0),
        hair=HairSpec(length_mm=1.3, length_log_sd=0.35, curl_per_mm=1.6, gloss=0.8),
        skin=replace(_DARK, tone_srgb=(132.0, 96.0, 74.0)),
    ),
    "low_resolution_117": replace(
        _CLIPPED_LIGHT,
        px_per_mm=117.0,
        width_px=1280,
        height_px=960,
        camera=CameraSpec(blur_px=1.0, tilt_blur_px=0.8, noise=1.5, sharpen=0.6, jpeg_quality=85),
    ),
    "glare_wet": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(length_mm=0.6, gloss=1.5),
        skin=SkinSpec(shine=1.8, wrinkles=1.0),
        surface=SurfaceSpec(glare_per_cm2=14.0, bubbles_per_cm2=10.0, clippings_per_cm2=2.0),
    ),
    "noisy_jpeg": replace(
        _CLIPPED_LIGHT,
        camera=CameraSpec(
            blur_px=1.2, tilt_blur_px=1.5, noise=5.0, sharpen=0.9, jpeg_quality=38, exposure=0.75
        ),
        hair=HairSpec(colours=(("black", 0.7), ("brown", 0.3)), length_mm=0.6),
    ),
    "motion_and_tilt": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(length_mm=0.6),
        camera=CameraSpec(blur_px=1.3, tilt_blur_px=5.0, motion_px=5.0, noise=1.2),
    ),
    "circle_dermoscope": replace(
        _CLIPPED_LIGHT,
        px_per_mm=110.0,
        width_px=1280,
        height_px=960,
        skin=replace(_LIGHT, shine=0.15, vessels_per_cm2=4.0),
        surface=SurfaceSpec(bubbles_per_cm2=4.0, clippings_per_cm2=1.0),
        camera=CameraSpec(
            circle_share=0.98, blur_px=1.0, tilt_blur_px=1.2, noise=1.2, vignette=0.3
        ),
    ),
    "with_graphics": replace(
        SHAVED,
        graphics=GraphicsSpec(
            bar=BarSpec(length_mm=1.0, text="1.0 mm", style="l_shape", colour=(60, 60, 60)),
            banner=("B104", "1280x1024", "2026/03/14 10:21:07", "unit: mm", "70x"),
            banner_style=TextStyle(cap_px=10, box=(60, 60, 60)),
            circle_radius_mm=2.52,
        ),
    ),
    "grafted_rows": replace(
        _CLIPPED_LIGHT,
        px_per_mm=120.0,
        units=UnitSpec(
            density_per_cm2=36.0,
            hairs_per_unit=(0.3, 0.5, 0.2),
            row_spacing_mm=1.6,
            field_sd_deg=4.0,
            unit_sd_deg=12.0,
        ),
        skin=SkinSpec(
            tone_srgb=(206.0, 172.0, 158.0),
            shine=1.3,
            vessels_per_cm2=8.0,
            wrinkles=0.1,
            redness=1.0,
        ),
        hair=HairSpec(length_mm=0.7),
        surface=SurfaceSpec(glare_per_cm2=3.0, crust_per_cm2=3.0),
    ),
    "scale_and_ink": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(length_mm=0.55),
        skin=SkinSpec(tone_srgb=(198.0, 166.0, 148.0), moles_per_cm2=4.0),
        surface=SurfaceSpec(
            flakes_per_cm2=300.0,
            crust_per_cm2=8.0,
            ink_dots_per_cm2=30.0,
            ink_stains_per_cm2=3.0,
            fibres_per_cm2=4.0,
            clippings_per_cm2=12.0,
        ),
    ),
    "grey_camera": replace(
        _CLIPPED_LIGHT,
        hair=HairSpec(length_mm=0.7),
        skin=SkinSpec(relief=1.5),
        camera=CameraSpec(is_grey=True, blur_px=1.4, noise=2.0, jpeg_quality=80, exposure=0.8),
    ),
    "bare_skin": _BARE,
    "vessels_and_moles": replace(
        _BARE,
        skin=replace(_LIGHT, vessels_per_cm2=14.0, moles_per_cm2=10.0),
    ),
    "empty_frame": replace(
        _BARE,
        skin=SkinSpec(
            tone_srgb=(120.0, 122.0, 124.0),
            mottle=0.0,
            relief=0.0,
            shine=0.0,
            wrinkles=0.0,
            redness=0.0,
        ),
        surface=SurfaceSpec(),
    ),
}
