"""Set up Dermetry and score the sample photographs: `python3 scripts/demo.py`.

Makes `.venv`, installs the pinned requirements, scores `sample_images/` and prints where the
results are.  The first lines run on any Python 3, so that an old one gets a sentence.
"""

import sys

# ruff: noqa: UP036 - the check has to come before imports that an old Python cannot parse.
if sys.version_info < (3, 11):
    sys.exit(
        "Dermetry needs Python 3.11 or newer, this is {}.{}: install one from python.org or your "
        "system's packages and run this script with it.".format(*sys.version_info)
    )

import subprocess

from environment import ROOT, SetupError, fetch_face_models, prepare, venv_command

SAMPLES = ROOT / "sample_images"
RESULTS = ROOT / "results" / "demo"

#: What is shown: a name for the results, the command, the samples below SAMPLES, and options.
RUNS = (
    ("hair", ("hair",), ("hair",), ("--manifest", "sample_images/hair/manifest.csv")),
    ("face", ("face",), ("face",), ("--manifest", "sample_images/face/manifest.csv")),
    ("face_patches", ("face",), ("face_patches",), ("--patch",)),
    (
        "followup_hair",
        ("followup", "hair"),
        ("hair_pairs",),
        ("--manifest", "sample_images/hair_pairs/manifest.csv"),
    ),
    (
        "followup_face",
        ("followup", "face"),
        ("face_pairs",),
        ("--manifest", "sample_images/face_pairs/manifest.csv"),
    ),
)


def main() -> int:
    """Set up, score and compare the samples of every wing, and return the exit code."""
    try:
        prepare()
        fetch_face_models()
    except SetupError as err:
        print(f"Set-up stopped. {err}", file=sys.stderr)
        return 1
    worst = 0
    reports = []
    for name, words, samples, options in RUNS:
        out = RESULTS / name
        photos = [(SAMPLES / sample).relative_to(ROOT).as_posix() for sample in samples]
        arguments = [*words, *photos, *options, "--out", out.relative_to(ROOT).as_posix()]
        print("\n$ dermetry", *arguments, flush=True)
        command = [str(venv_command("dermetry")), *arguments]
        worst = max(worst, subprocess.call(command, cwd=ROOT))
        reports.append(out / "report.html")
    print()
    for report in reports:
        if report.is_file():
            print(f"Report, pictures and tables: {report}")
    if worst:
        print(f"Something did not work (exit code {worst}): see the messages above.")
    return worst


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
