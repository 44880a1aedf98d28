"""What each wing does with a pair, loaded by name and only when needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import UsageError
from ..records import FACE_PAIR_TABLES, HAIR_PAIR_TABLES, FaceComparison, HairComparison

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..records import PairPlan, Photo
    from ..settings import Settings


class CompareScores(Protocol):
    """Compare two scores of one field; raise `PairRefusedError` for a pair that is none."""

    def __call__(
        self,
        baseline: Any,
        followup: Any,
        *,
        baseline_photo: Photo,
        followup_photo: Photo,
        plan: PairPlan,
        settings: Settings,
    ) -> Any: ...


@dataclass(frozen=True)
class PairWing:
    """One wing's follow-up: two scores in, one frozen comparison out, and a picture of it.

    Parameters
    ----------
    algorithm_version : str
        Goes up whenever a number of a comparison changes.
    compare_scores : callable
    draw_comparison : callable (baseline photo, follow-up photo, comparison) -> ndarray of uint8
        Both side by side, shape (h, w, 3).
    """

    algorithm_version: str
    compare_scores: CompareScores
    draw_comparison: Callable[[Photo, Photo, Any], NDArray[np.uint8]]


#: What the tables of a wing's follow-up are declared by: ``followup.csv``, and those beside it.
PAIR_RECORDS: dict[str, tuple[type, Mapping[str, type]]] = {
    "hair": (HairComparison, HAIR_PAIR_TABLES),
    "face": (FaceComparison, FACE_PAIR_TABLES),
}


def load_pair_wing(target: str) -> PairWing:
    """Return the follow-up of a wing, named as `wings.load_wing` takes it.

    Of ``"module:function"`` it is what ``make_pair_wing`` of that module makes.
    """
    if ":" in target:
        made: PairWing = importlib.import_module(target.partition(":")[0]).make_pair_wing()
        return made
    if target not in PAIR_RECORDS:
        raise UsageError(f"There is no wing {target!r}.", remedy="Choose hair or face.")
    followup = importlib.import_module(f"..{target}.followup", __package__)
    drawing = importlib.import_module(f"..{target}.followup_overlay", __package__)
    return PairWing(
        algorithm_version=followup.ALGORITHM_VERSION,
        compare_scores=followup.compare_scores,
        draw_comparison=drawing.draw_comparison,
    )
