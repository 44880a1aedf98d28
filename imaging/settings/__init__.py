"""Frozen settings: declared once with unit, range, reason and stage; see `declare`."""

from .declare import STAGES, Declaration, Stage, check_value, declarations, setting
from .effective import (
    EffectiveSettings,
    Settings,
    Wing,
    all_declarations,
    changed_values,
    comparison_digest,
    comparison_values,
    current_value,
    digest,
    effective_settings,
    parse_assignments,
    parse_toml,
    replace_values,
    result_values,
    settings_digest,
    tables_of_groups,
)
from .face import FaceSettings
from .followup import FollowupSettings
from .hair import HairSettings
from .photo import PhotoSettings
from .recall import Memory, recall, remembering

__all__ = [
    "STAGES",
    "Declaration",
    "EffectiveSettings",
    "FaceSettings",
    "FollowupSettings",
    "HairSettings",
    "Memory",
    "PhotoSettings",
    "Settings",
    "Stage",
    "Wing",
    "all_declarations",
    "changed_values",
    "check_value",
    "comparison_digest",
    "comparison_values",
    "current_value",
    "declarations",
    "digest",
    "effective_settings",
    "parse_assignments",
    "parse_toml",
    "recall",
    "remembering",
    "replace_values",
    "result_values",
    "setting",
    "settings_digest",
    "tables_of_groups",
]
