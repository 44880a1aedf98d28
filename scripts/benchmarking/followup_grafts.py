"""Graft survival on generated photographs, and its interval over many simulated courses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.hair.followup_survival import Survival
from imaging.hair.score import score_photo
from imaging.photo.places import is_in_mask
from imaging.records import HairScore, PairPlan, Photo
from imaging.settings import Settings
from imaging.study.living import living_survival
from imaging.synthetic.grafts import GraftCourse, GraftSpec, make_graft_course, recipient_spec

from .followup_scenes import compare, draw_move, relit
from .results import Bar, Row
from .tool import as_photo

SECTION = "Follow-up: graft survival, post-operative to month 12"

#: Seeds of the courses, and of the simulation.
FIRST_COURSE_SEED, SIMULATION_SEED = 72_000, 72_900

#: The two late visits, and the ranges of the bar.
LATE_DAYS = (270.0, 365.0)
GRAFTS, SURVIVAL, EMPTY = (30, 120), (0.40, 0.95), (0.10, 0.15)
PX_PER_MM = 100.0
#: Cameras move less over a mapped recipient box than over unmarked skin.
MOVE_SHARE = 0.4
SIMULATED = 2000


@dataclass(frozen=True, eq=False)
class ScoredCourse:
    """A drawn course with the photographs and scores of all its visits."""

    course: GraftCourse
    photos: tuple[Photo, ...]
    scores: tuple[HairScore, ...]


@dataclass(frozen=True)
class Told:
    """One course: what was told, what is true (percent), and how each graft was seen.

    ``confusion`` counts grafts and visits: shown and seen, shown, not shown and seen, not shown.
    """

    living: Survival
    true_living: float
    one_visit: float
    true_one_visit: float
    by_hairs: float
    true_by_hairs: float
    confusion: tuple[int, int, int, int]


def measure_grafts(courses: int, *, method: str) -> Iterator[Row]:
    """Yield the error of survival with and without a graft map, then the interval's coverage."""
    told: dict[bool, list[Told]] = {False: [], True: []}
    refused = 0
    for k in range(courses):
        scored = draw_course(FIRST_COURSE_SEED + k)
        for has_map in told:
            one = tell(scored, has_map=has_map)
            refused += one is None
            told[has_map] += [one] if one else []
    yield Row(SECTION, "comparisons refused", method, 100 * refused / (2 * courses), "%", None, 0)
    for has_map, ones in told.items():
        if ones:
            yield from _rows(ones, "graft map" if has_map else "no map", method)
    if told[True]:
        counts = np.sum([one.confusion for one in told[True]], axis=0)
        seen_when_shown = counts[0] / max(1, counts[1])
        seen_when_not = counts[2] / max(1, counts[3])
        covered = _simulated_coverage(seen_when_shown, seen_when_not)
        label = (
            f"95 % interval holds the chance to live, {SIMULATED} courses simulated by grafts "
            f"(shown ones seen {100 * seen_when_shown:.0f} %, others {100 * seen_when_not:.0f} %)"
        )
        yield Row(SECTION, label, method, 100 * covered, "%", Bar(93, 97), 1)


def _rows(ones: list[Told], name: str, method: str) -> Iterator[Row]:
    def errors(got: str, true: str) -> NDArray[np.float64]:
        return np.array([getattr(one, got) - getattr(one, true) for one in ones])

    living = np.array([one.living.percent - one.true_living for one in ones])
    label = f"{name}: living grafts by two late visits, {len(ones)} courses: error"
    yield Row(SECTION, label, method, float(np.abs(living).mean()), "points", Bar(high=3), 1)
    yield Row(SECTION, f"{name}: the same, bias", method, float(living.mean()), "points", None, 1)
    single = errors("one_visit", "true_one_visit")
    label = f"{name}: grafts seen at month 12: error"
    yield Row(SECTION, label, method, float(np.abs(single).mean()), "points", None, 1)
    hairs = errors("by_hairs", "true_by_hairs")
    label = f"{name}: hairs seen at month 12: error"
    yield Row(SECTION, label, method, float(np.abs(hairs).mean()), "points", None, 1)


def draw_course(seed: int) -> ScoredCourse:
    """Draw and score a photograph after surgery and two late ones."""
    rng = np.random.default_rng(seed)
    graft_spec = GraftSpec(
        survival=float(rng.uniform(*SURVIVAL)), empty_share=float(rng.uniform(*EMPTY))
    )
    spec = recipient_spec(
        grafts=int(rng.integers(GRAFTS[0], GRAFTS[1] + 1)),
        px_per_mm=PX_PER_MM,
        graft_spec=graft_spec,
    )
    moves = [draw_move(rng, share=MOVE_SHARE) for _ in LATE_DAYS]
    later = [relit(spec, rng) for _ in LATE_DAYS]
    course = make_graft_course(spec, graft_spec, moves, rng=rng, later_specs=later)
    scenes = (course.postop, *course.visits)
    photos = tuple(
        as_photo(scene.pixels, name=f"visit {k}", px_per_mm=scene.px_per_mm)
        for k, scene in enumerate(scenes)
    )
    return ScoredCourse(course, photos, tuple(score_photo(p, Settings()) for p in photos))


def tell(scored: ScoredCourse, *, has_map: bool) -> Told | None:
    """Return what the comparisons tell of a course; None when a pair is refused."""
    course, frame = scored.course, _frame(scored, 0)
    inside = [g for g in course.grafts if is_in_mask(frame, g.x_px, g.y_px)]
    resident = [
        hair
        for hair in course.postop.hairs
        if hair.unit_id in course.residents and is_in_mask(frame, *hair.root)
    ]
    plan = PairPlan(
        baseline_role="postop",
        graft_map=tuple((g.x_px, g.y_px) for g in inside) if has_map else (),
        units_resident=len({hair.unit_id for hair in resident}),
        hairs_resident=len(resident),
        hairs_in_field=sum(g.hairs for g in inside),
        grafts_in_field=len(inside),
    )
    found = [
        compare(
            (scored.photos[0], scored.photos[k]),
            (scored.scores[0], scored.scores[k]),
            replace(plan, days=days),
        )
        for k, days in enumerate(LATE_DAYS, 1)
    ]
    if found[0] is None or found[1] is None:
        return None
    kind = "graft" if has_map else "unit"
    seen = [
        {m.baseline_hair_id: m.state == "kept" for m in one.matches
         if m.kind == kind and m.baseline_hair_id}
        for one in found if one is not None
    ]  # fmt: skip
    at = [[_in_visit(scored, g.x_px, g.y_px, k) for g in inside] for k in (1, 2)]
    both = [g for g, one, two in zip(inside, *at, strict=True) if one and two]
    last = [g for g, there in zip(inside, at[1], strict=True) if there]
    living = living_survival(
        seen[1],
        seen[0],
        residents=len(seen[1]) - found[1].grafts,
        error_share=Settings().followup.survival_error_share,
    )
    counts = np.zeros(4, int)
    if has_map:
        for k in range(2):
            for number, is_seen in seen[k].items():
                is_shown = inside[number - 1].shown[k] > 0
                counts += (
                    is_shown and is_seen, is_shown, not is_shown and is_seen, not is_shown
                )  # fmt: skip
    implanted = sum(g.hairs for g in last)
    return Told(
        living,
        100 * float(np.mean([g.lives for g in both])),
        found[1].survival_units_percent,
        100 * float(np.mean([g.shown[1] > 0 for g in last])),
        found[1].survival_hairs_percent,
        100 * sum(g.shown[1] for g in last) / max(1, implanted),
        (int(counts[0]), int(counts[1]), int(counts[2]), int(counts[3])),
    )


def _frame(scored: ScoredCourse, k: int) -> NDArray[np.bool_]:
    frame = scored.scores[k].frame
    return np.ones(scored.photos[k].pixels.shape[:2], bool) if frame is None else frame


def _in_visit(scored: ScoredCourse, x: float, y: float, k: int) -> bool:
    place = scored.course.placements[k - 1].forward(np.array([[x, y]]))[0]
    return is_in_mask(_frame(scored, k), *place)


def _simulated_coverage(seen_when_shown: float, seen_when_not: float) -> float:
    """Return how often the interval holds the true chance to live.

    Full photographs are too dear for so many: grafts, their hairs and empty follicles are drawn as
    in the photographs; what a visit sees of them is drawn with the rates measured there.
    """
    rng = np.random.default_rng(SIMULATION_SEED)
    error = Settings().followup.survival_error_share
    hairs_of = np.array(GraftSpec().hairs_per_graft)
    held = []
    for _ in range(SIMULATED):
        grafts, chance = int(rng.integers(GRAFTS[0], GRAFTS[1] + 1)), rng.uniform(*SURVIVAL)
        empty = rng.uniform(*EMPTY)
        hairs = 1 + rng.choice(len(hairs_of), grafts, p=hairs_of / hairs_of.sum())
        lives = rng.random(grafts) < chance
        seen = []
        for _ in LATE_DAYS:
            is_shown = lives & (rng.random(grafts) >= empty**hairs)
            rate = np.where(is_shown, seen_when_shown, seen_when_not)
            seen.append(dict(enumerate((rng.random(grafts) < rate).tolist())))
        told = living_survival(seen[1], seen[0], residents=0.0, error_share=error)
        held.append(told.low <= 100 * chance <= told.high)
    return float(np.mean(held))
