"""The two wings as the batch sees them: one shape, loaded by name and only when needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..records import Photo
    from ..settings import Settings

WingName = Literal["hair", "face"]


@dataclass(frozen=True)
class Wing:
    """One wing: one photo in, one frozen score out, and pictures of it.

    Parameters
    ----------
    name : {"hair", "face"}
    algorithm_version : str
        Goes up whenever a number changes.
    score_photo : callable (photo, settings) -> score
    draw_overlay : callable (photo, score) -> ndarray of uint8, shape (h, w, 3)
    draw_masks : callable (photo, score) -> dict of suffix to ndarray
    weights_digest : callable (settings) -> str
        Digest of the learned weights that these settings use; raises `ModelError` when they are
        missing or tampered with, so that a run ends before its first photo.
    score_type : type
        Record whose columns are the wing's part of ``results.csv``.
    tables : mapping of str to type
        Record type of each further table; a score has its rows in a field of the table's name.
    restore_masks : callable (photo, score, settings) -> score, or None
        Find again in the photo what the tables do not hold of its score, at much less cost than
        scoring.  None where that would cost what scoring costs, as for a face: its maps come from
        landmarks and segmenter, which are nearly all of the work.
    """

    name: WingName
    algorithm_version: str
    score_photo: Callable[[Photo, Settings], Any]
    draw_overlay: Callable[[Photo, Any], NDArray[np.uint8]]
    draw_masks: Callable[[Photo, Any], Mapping[str, NDArray[Any]]]
    weights_digest: Callable[[Settings], str]
    score_type: type
    tables: Mapping[str, type]
    restore_masks: Callable[[Photo, Any, Settings], Any] | None = None


def load_wing(target: str) -> Wing:
    """Return the wing ``"hair"`` or ``"face"``, or what ``"module:function"`` makes.

    A worker process gets the target as text and loads the wing itself.
    """
    if ":" in target:
        module, _, function = target.partition(":")
        made: Wing = getattr(importlib.import_module(module), function)()
        return made
    if target == "hair":
        return _wing("hair", "HairScore", "HAIR_TABLES", _hair_weights)
    if target == "face":
        return _wing("face", "FaceScore", "FACE_TABLES", _face_weights)
    raise UsageError(f"There is no wing {target!r}.", remedy="Choose hair or face.")


def check_segmenters(settings: Settings) -> None:
    """Check that the segmenters of both wings exist, as a run does before its first photo.

    Raises
    ------
    SettingsError
        There is none of the name.
    ModelError
        Its weights are missing or have been tampered with.
    """
    for wing, name in (("hair", settings.hair.segmenter), ("face", settings.face.segmenter)):
        importlib.import_module(f"..{wing}.segmenter", __package__).weights_digest(name)


def _hair_weights(settings: Settings) -> str:
    segmenter = importlib.import_module("..hair.segmenter", __package__)
    made: str = segmenter.weights_digest(settings.hair.segmenter)
    return made


def _face_weights(settings: Settings) -> str:
    # Landmark models as well as the segmenter's own: the score module knows which are in use.
    score = importlib.import_module("..face.score", __package__)
    made: str = score.weights_digest(settings)
    return made


def _wing(
    name: WingName, score_type: str, tables: str, weights_digest: Callable[[Settings], str]
) -> Wing:
    score = importlib.import_module(f"..{name}.score", __package__)
    overlay = importlib.import_module(f"..{name}.overlay", __package__)
    records = importlib.import_module(f"..records.{name}", __package__)
    return Wing(
        name=name,
        algorithm_version=score.ALGORITHM_VERSION,
        score_photo=score.score_photo,
        draw_overlay=overlay.draw_overlay,
        draw_masks=overlay.draw_masks,
        weights_digest=weights_digest,
        score_type=getattr(records, score_type),
        tables=getattr(records, tables),
        restore_masks=getattr(score, "restore_masks", None),
    )
