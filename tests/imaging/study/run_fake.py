"""The command `dermetry hair` with the fake wing, for tests that start, stop and kill it."""

from __future__ import annotations

import dataclasses
import sys

import fake_wing

import imaging.cli.hair as hair_command
from imaging.cli.app import run_command

if __name__ == "__main__":
    score_photos = hair_command.score_photos
    hair_command.score_photos = lambda request: score_photos(
        dataclasses.replace(request, wing=fake_wing.TARGET)
    )
    sys.exit(run_command(sys.argv[1:]))
