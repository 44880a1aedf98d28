"""Measure this tool against plain methods: `python scripts/benchmark.py hair [--validate DIR]`.

Run it with the Python of `.venv`, on a machine that does nothing else.  DIR is a folder of
photographs with `hairs.csv` beside them (photo, label, root_x_px, root_y_px, tip_x_px, tip_y_px);
without one, everything is measured on generated photographs alone.

`python scripts/benchmark.py face [--validate DIR]` does the same for faces; DIR is a folder of
clear frontal ones, without which one portrait stands in.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarking.results import Row, failures, markdown, tables
from environment import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS = (
    "real",
    "synthetic",
    "coverage",
    "invariance",
    "bars",
    "followup",
    "speed",
    "batch",
    "tuning",
)
FACE_SECTIONS = (
    "regions",
    "clear",
    "painted",
    "mottled",
    "cheeks",
    "red",
    "severity",
    "fading",
    "drift",
    "followup",
    "speed",
)

#: Pairs of each kind in the section of the follow-up, usually and for a quick look.
PAIRS, PAIRS_QUICK = 8, 3

#: Columns of text where the output is no terminal but a file or a pipe.
WIDTH_IN_FILES = 160


def main() -> int:
    """Measure the sections asked for, show them, and return 1 when a figure misses its bar."""
    given = _parse()
    _use_one_thread()
    if given.wing == "face":
        from benchmark_face import run

        return run(given)
    start = time.perf_counter()
    rows: list[Row] = []
    for section in given.only:
        began = time.perf_counter()
        members = list(_measure(section, given))
        rows += members
        _show(members)
        print(f"{section}: {time.perf_counter() - began:.0f} s", flush=True)
    missed = failures(rows)
    print(f"{len(rows)} figures, {missed} miss their bar, {time.perf_counter() - start:.0f} s.")
    if given.write:
        PAGE.write_text(_page(rows, given), encoding="utf-8")
        print(f"Written: {PAGE}")
    return 1 if missed else 0


def _use_one_thread() -> None:
    """Hold every library, and every process started from here, to one thread."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    import cv2

    cv2.setNumThreads(1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    wings = parser.add_subparsers(dest="wing", required=True)
    hair = wings.add_parser("hair", help="counts, diameters, scale bars, time and memory")
    hair.add_argument("--validate", type=Path, metavar="DIR", help="labelled photographs")
    hair.add_argument("--px-per-mm", type=float, default=179.5, help="their scale (179.5)")
    _add_sections(hair, SECTIONS)
    hair.add_argument("--segmenters", metavar="A,B", help="all that are installed when left out")
    hair.add_argument("--quick", action="store_true", help="fewer photographs of everything")
    hair.add_argument("--pairs", type=int, metavar="N", help=f"pairs of each kind in the section "
                      f"followup ({PAIRS}; the figures of the bars need 40 and more)")  # fmt: skip
    hair.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    face = wings.add_parser("face", help="regions, painted lesions, drift and time")
    face.add_argument("--validate", type=Path, metavar="DIR", help="clear frontal faces")
    _add_sections(face, FACE_SECTIONS)
    face.add_argument("--segmenter", metavar="NAME", help="the default one when left out")
    face.add_argument("--quick", action="store_true", help="fewer painted faces")
    given = parser.parse_args()
    if getattr(given, "pairs", None) is not None and given.pairs < 1:
        parser.error(f"--pairs {given.pairs} should be 1 or more")
    if given.validate is not None and not given.validate.is_dir():
        parser.error(f"--validate {given.validate} is no folder")
    if given.wing == "hair" and given.validate is None:
        given.only = [section for section in given.only if section != "real"]
    return given


def _add_sections(parser: argparse.ArgumentParser, sections: Sequence[str]) -> None:
    def chosen(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in sections]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(sections)}")
        return [name for name in sections if name in names]

    parser.add_argument("--only", type=chosen, default=list(sections), metavar="A,B",
                        help=f"sections: {', '.join(sections)}")  # fmt: skip


def _measure(section: str, given: argparse.Namespace) -> Iterator[Row]:
    # Loaded here, after the arguments are known to be good: the libraries take seconds.
    from benchmarking.batch_run import measure_batch
    from benchmarking.coverage import measure_coverage
    from benchmarking.followup_hair import measure_followup
    from benchmarking.invariance import measure_invariance
    from benchmarking.real_hair import LabelledFolder, measure_real
    from benchmarking.scale_bars import measure_bars
    from benchmarking.speed import measure_speed
    from benchmarking.synthetic_hair import measure_synthetic
    from benchmarking.tool import Method
    from benchmarking.tuning import measure_tuning
    from imaging.hair.segmenter import segmenter_names

    names = given.segmenters.split(",") if given.segmenters else segmenter_names()
    methods = [Method(name) for name in names]
    labelled = LabelledFolder(given.validate, given.px_per_mm) if given.validate else None
    is_quick: bool = given.quick
    measures: dict[str, Callable[[], Iterator[Row]]] = {
        "synthetic": lambda: measure_synthetic(methods, is_quick=is_quick),
        "coverage": lambda: measure_coverage(methods, labelled, is_quick=is_quick),
        "invariance": lambda: measure_invariance(methods, labelled, is_quick=is_quick),
        "bars": lambda: measure_bars(methods, labelled, is_quick=is_quick),
        "followup": lambda: measure_followup(
            labelled, pairs=given.pairs or (PAIRS_QUICK if is_quick else PAIRS)
        ),
        "speed": lambda: measure_speed(methods, labelled, is_quick=is_quick),
        "batch": lambda: measure_batch(labelled, is_quick=is_quick),
        "tuning": lambda: measure_tuning(labelled, is_quick=is_quick),
    }
    if labelled is not None:
        measures["real"] = lambda: measure_real(labelled, methods, is_quick=is_quick)
    return measures[section]()


def _show(rows: list[Row]) -> None:
    console = Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES)
    for found in tables(rows):
        table = Table(*found.headings, title=found.section)
        for line in found.lines:
            table.add_row(*line, style="red" if any("FAIL" in cell for cell in line) else None)
        console.print(table)


def _page(rows: list[Row], given: argparse.Namespace) -> str:
    command = "python scripts/benchmark.py hair"
    command += " --validate DIR" if given.validate else ""
    command += " --quick" if given.quick else ""
    command += f" --pairs {given.pairs}" if given.pairs else ""
    command += "" if given.only == list(SECTIONS) else f" --only {','.join(given.only)}"
    missed = failures(rows)
    return f"""# Benchmarks

Measured by `{command} --write` on {_machine()}, at revision {_revision()}.
{len(rows)} figures, {missed} of them miss their bar.

How to read it:

- *dermetry (…)* is this tool with the segmenter of that name. The other methods are plain ones that
  anybody would try first, in `scripts/benchmarking/rivals.py`, tuned on the same photographs.
- Labelled photographs are microscope frames of shaved scalp (1280×1024, 179.5 px/mm) whose hairs
  were marked by hand. They may not be passed on; any folder of that shape can take their place.
  Parameters were chosen on frames 00-19. Hairs near the borders of the labelled quadrants are
  ignored, as `scripts/benchmarking/labelled_frames.py` tells.
- Generated photographs come from `imaging.synthetic`, with seeds that nothing else uses. They are
  easier than real ones in ways that nobody has thought of yet.
- Times are medians on one core with one thread; the decode is OpenCV's, in the same run.

{markdown(rows)}"""


def _machine() -> str:
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    return (
        f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def _revision() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
