"""Set up Dermetry and run every check: `python3 scripts/test.py [pytest arguments]`.

The whole suite includes ruff, mypy and import-linter (`tests/test_house.py`).  Arguments go to
pytest: `python3 scripts/test.py -k ledger`.  The first lines run on any Python, so that an old one
gets a sentence, not a traceback.
"""

import sys

# ruff: noqa: UP036 - the check has to come before imports that an old Python cannot parse.
if sys.version_info < (3, 11):
    sys.exit(
        "Dermetry needs Python 3.11 or newer, this is {}.{}: install one from python.org or your "
        "system's packages and run this script with it.".format(*sys.version_info)
    )

import os
import subprocess

from environment import ROOT, SetupError, fetch_face_models, prepare

#: More workers than this gain nothing: each imports the libraries anew, and the longest tests rule.
MAX_WORKERS = 4

#: Arguments with which the person runs the tests in one process, or chooses the workers.
OWN_WORKERS = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture=no")


def main(arguments: list[str]) -> int:
    """Set up, run pytest, and return its exit code."""
    try:
        python = prepare()
        fetch_face_models()
    except SetupError as err:
        print(f"Set-up stopped. {err}", file=sys.stderr)
        return 1
    command = [str(python), "-m", "pytest", *_worker_options(arguments), *arguments]
    return subprocess.call(command, cwd=ROOT, env=_environment())


def _worker_options(arguments: list[str]) -> list[str]:
    """Return the options that spread the tests over the cores."""
    if any(argument.startswith(OWN_WORKERS) for argument in arguments):
        return []
    workers = min(_usable_cores(), MAX_WORKERS)
    return ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _environment() -> dict[str, str]:
    """Return the environment of the tests.

    CI and everything else stays as it is (pytest and hypothesis read CI themselves); the libraries
    get one thread each, because the workers already fill the cores.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**threads, **os.environ}


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
