"""The segmenters by name: each turns pixels at the working scale into evidence for hairs.

``ridges`` is classical.  The others are the learned models ``hair-…`` of the registry: they add to
its evidence what judges the traced lines and sets their ends.  This is the one place of the wing
that touches `models`.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, ModelMissingError, ModelTamperedError, SettingsError
from ..settings import HairSettings
from .confidence import JUDGED_FEATURES
from .evidence import LineJudge, Map, ShaftEvidence
from .ridges import find_ridges

#: The classical segmenter: no torch, no weights.
CLASSICAL = "ridges"
#: Learned models of this wing are the models of the registry whose names start so.
LEARNED_PREFIX = "hair-"
#: A line whose log-odds are lower than the least by more than this is not looked at twice.
_SURELY_NONE = 2.0


class Segmenter(Protocol):
    """What turns pixels at the working scale into evidence; see `ridges.find_ridges`."""

    def __call__(
        self,
        pixels: Map,
        *,
        valid: NDArray[np.bool_],
        px_per_mm: float,
        zoom: float,
        settings: HairSettings,
    ) -> ShaftEvidence: ...


def segmenter_names() -> tuple[str, ...]:
    """Return the names that ``hair.segmenter`` may have, sorted."""
    learned = [name for name in _registry().model_names() if name.startswith(LEARNED_PREFIX)]
    return tuple(sorted([CLASSICAL, *learned]))


def find_segmenter(name: str) -> Segmenter:
    """Return the segmenter of this name.

    Raises
    ------
    SettingsError
        There is none; the message lists those that there are.
    ModelError
        Its weights are missing or have been tampered with.
    """
    if name == CLASSICAL:
        return find_ridges
    model = learned_model(name)
    return partial(_find_ridges_and_judge, model=model, told=_judging(model))


def weights_digest(name: str) -> str:
    """Return the digest of all that a model adds to the settings; empty for one without weights."""
    if name == CLASSICAL:
        return ""
    model = learned_model(name)
    # The numbers beside the weights change results as the weights do.
    whole = f"{model.sha256} {sorted(_judging(model).items())}"
    return hashlib.sha256(whole.encode()).hexdigest()


def _find_ridges_and_judge(
    pixels: Map,
    *,
    valid: NDArray[np.bool_],
    px_per_mm: float,
    zoom: float,
    settings: HairSettings,
    model: Any,
    told: dict[str, Any],
) -> ShaftEvidence:
    """Return the classical evidence with the learned judge; parameters of `Segmenter`."""
    evidence = find_ridges(
        pixels,
        valid=valid,
        px_per_mm=px_per_mm,
        zoom=zoom,
        settings=settings,
        least_contrast_to_noise=settings.faint_contrast_to_noise,
    )
    return replace(evidence, judge=line_judge(model.weights, **told))


def line_judge(weights: bytes, *, least_log_odds: float, **told: Any) -> LineJudge:
    """Return the judge with these weights and numbers, those of `LineJudge`."""
    network = importlib.import_module("models.line_network")
    look = partial(network.judge_lines, weights, unlikely=least_log_odds - _SURELY_NONE)
    return LineJudge(look=look, least_log_odds=least_log_odds, **told)


def _judging(model: Any) -> dict[str, Any]:
    """Return what a model's contract says of judging: the numbers of `LineJudge`."""
    try:
        told = model.contract["judging"]
        numbers: dict[str, Any] = {
            name: float(told[name]) for name in ("least_log_odds", "root_mm", "tip_mm", "intercept")
        }
        coefficients = tuple(float(value) for value in told["coefficients"])
    except (KeyError, TypeError, ValueError) as err:
        raise ModelTamperedError(
            f"model.json of {model.name} does not say how lines are judged: {err!r}."
        ) from err
    if len(coefficients) != len(JUDGED_FEATURES):
        raise ModelTamperedError(
            f"model.json of {model.name} has {len(coefficients)} coefficients for the "
            f"{len(JUDGED_FEATURES)} features of judged lines."
        )
    return numbers | {"coefficients": coefficients}


@lru_cache(maxsize=2)
def learned_model(name: str) -> Any:
    """Return the learned model of this name with its checked weights."""
    names = segmenter_names()
    if name not in names:
        raise SettingsError(f"There is no hair segmenter {name!r}; there are: {', '.join(names)}.")
    registry = _registry()
    try:
        return registry.read_model(name)
    except registry.ModelFileMissingError as err:
        raise ModelMissingError(str(err)) from err
    except registry.ModelFileTamperedError as err:
        raise ModelTamperedError(str(err)) from err
    except registry.ModelFileError as err:
        raise ModelError(str(err)) from err


def _registry() -> Any:
    """Return our registry of models, and no stranger's package of that name."""
    try:
        models = importlib.import_module("models")
        if not getattr(models, "DERMETRY_MODELS", False):
            raise ModelMissingError(f"The package models at {models.__file__} is not Dermetry's.")
        return importlib.import_module("models.registry")
    except ImportError as err:
        raise ModelMissingError(f"The package models cannot be imported: {err}.") from err
