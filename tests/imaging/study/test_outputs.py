"""run.toml: what was run, in a form that runs it again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import fake_wing
import pytest

from imaging.settings import effective_settings, parse_toml
from imaging.study.batch import BatchOptions, run_batch


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for seed, name in enumerate(("=a.png", "b.png")):
        fake_wing.make_photo(tmp_path / "in" / name, seed=seed)
    effective = effective_settings([("--set", {"hair.terminal_cutoff_um": 30})])
    run_batch(
        [tmp_path / "in"],
        tmp_path / "out",
        BatchOptions(wing=fake_wing.TARGET, engine="serial", effective=effective),
    )
    return tmp_path / "out"


def test_run_toml_repeats_the_run_when_it_is_given_as_settings(out: Path) -> None:
    text = (out / "run.toml").read_bytes()
    provenance = tomllib.loads(text.decode())["provenance"]
    assert provenance["origins"]["hair.terminal_cutoff_um"] == "--set"
    assert provenance["counts"]["scored"] == 2
    again = effective_settings([("run.toml", parse_toml(text, origin="run.toml"))])
    assert again.settings.hair.terminal_cutoff_um == 30.0
