from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load

from hair_training.random_scenes import FIELD_MM, random_scene
from hair_training.stream import CROP_PX, draw_scene, make_batch
from hair_training.targets import make_sample
from imaging.synthetic.scalp import PRESETS, make_scalp
from models.networks import DIRECTIONS, STRIDE
from models.training import Progress, Schedule, rate_at, train

PX_PER_MM = 110.0


@pytest.mark.slow
def test_two_steps_of_training_change_the_weights_and_report_a_loss() -> None:
    rng = np.random.default_rng(5)
    samples = [draw_scene(5, number, PX_PER_MM) for number in range(2)]
    reports: list[Progress] = []
    kept: list[int] = []
    weights = train(
        iter([make_batch(samples, rng) for _ in range(2)]),
        Schedule(steps=2, threads=1),
        report=reports.append,
        keep=lambda _, step: kept.append(step),
        report_every=1,
        keep_every=1,
    )
    assert [progress.step for progress in reports] == [1, 2]
    assert kept == [1, 2]
    assert all(np.isfinite([p.core, p.away, p.way, p.heat, p.width]).all() for p in reports)
    torch.manual_seed(1)
    from models.networks import HairNet

    start = HairNet().state_dict()
    trained = load(weights)
    assert trained.keys() == start.keys()
    assert any(not torch.equal(trained[name], start[name]) for name in start)


def test_the_same_seed_and_number_draw_the_same_scene() -> None:
    first, second = draw_scene(6, 1, PX_PER_MM), draw_scene(6, 1, PX_PER_MM)
    np.testing.assert_array_equal(first.density, second.density)
    np.testing.assert_array_equal(first.away, second.away)


def test_truth_points_from_every_shaft_pixel_to_its_own_ends() -> None:
    scene = make_scalp(PRESETS["clipped_light_skin"], rng=np.random.default_rng(8))
    sample = make_sample(scene, working_px_per_mm=PX_PER_MM)
    rows, columns = np.nonzero(sample.core.astype(np.float32) > 0)
    place = (np.column_stack([columns, rows]) + 0.5) * STRIDE / PX_PER_MM
    way = sample.way[:, rows, columns].astype(np.float64).T
    away = sample.away[:, rows, columns].astype(np.float64)
    roots = np.array([hair.root for hair in scene.hairs]) / scene.px_per_mm
    is_inside = away[0] < 0.9
    guess = place[is_inside] - way[is_inside] * away[0][is_inside, None]
    off = np.linalg.norm(guess[:, None] - roots[None], axis=2).min(axis=1)
    # Hairs bend a little, and those cut by the edge end there.
    assert np.median(off) < 0.03


def test_turning_a_batch_turns_the_way_of_growth_with_the_pixels() -> None:
    scene = make_scalp(PRESETS["clipped_light_skin"], rng=np.random.default_rng(8))
    sample = make_sample(scene, working_px_per_mm=PX_PER_MM)
    batch = make_batch([sample] * 6, np.random.default_rng(2))
    assert batch.density.shape == (6, 3, CROP_PX, CROP_PX)
    for core, way, away in zip(batch.core, batch.way, batch.away, strict=True):
        rows, columns = np.nonzero(core[0])
        if not len(rows):
            continue
        step = np.rint(2.0 * way[:, rows, columns]).astype(int)
        ahead = (
            np.clip(rows + step[1], 0, core.shape[1] - 1),
            np.clip(columns + step[0], 0, core.shape[2] - 1),
        )
        # Far from the tip nothing tells how far.
        on_shaft = (core[0][ahead] > 0) & (away[1][rows, columns] < 0.9)
        nearer = away[1][ahead] < away[1][rows, columns]
        # One step along the way of growth is nearer to the tip, but where hairs cross.
        assert not on_shaft.any() or nearer[on_shaft].mean() > 0.7


def test_a_scene_shows_a_few_units_whatever_its_scale() -> None:
    for seed in range(20):
        spec = random_scene(np.random.default_rng(seed))
        assert abs(spec.width_px / spec.px_per_mm - FIELD_MM[0]) < 0.02


def test_the_rate_rises_and_falls_to_nothing() -> None:
    rates = [rate_at(done) for done in np.linspace(0.0, 1.0, 50)]
    assert max(rates) > 0.95
    assert rates[0] == 0.0
    assert rates[-1] < 1e-3


def test_directions_are_even_enough_that_a_circle_has_all() -> None:
    from models.training import _directions

    angle = torch.linspace(0.0, 2.0 * torch.pi, DIRECTIONS + 1)[:-1]
    way = torch.stack([torch.cos(angle), torch.sin(angle)])[None, :, :, None]
    share = _directions(way)
    assert torch.equal(share.argmax(dim=1).flatten(), torch.arange(DIRECTIONS))
    torch.testing.assert_close(share.sum(dim=1), torch.ones(1, DIRECTIONS, 1))
