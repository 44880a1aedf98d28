"""``dermetry models``: what it prints and when it fails."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from imaging.cli.models import models_app
from imaging.errors import ModelMissingError, ModelTamperedError
from models import registry


@pytest.fixture
def empty_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def test_list_names_both_face_models_and_their_state(empty_folder):
    result = CliRunner().invoke(models_app, ["list"])
    assert result.exit_code == 0
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[2] for row in rows if row[1] == "face"] == ["missing", "missing"]


def test_check_ends_with_exit_4_and_the_command_to_run_when_files_are_missing(empty_folder):
    result = CliRunner().invoke(models_app, ["check"])
    assert isinstance(result.exception, ModelMissingError)
    assert result.exception.exit_code == 4
    assert "dermetry models fetch" in result.exception.remedy


def test_check_tells_an_altered_file_from_a_missing_one(empty_folder):
    (empty_folder / "face_landmark.tflite").write_bytes(b"altered")
    result = CliRunner().invoke(models_app, ["check"])
    assert isinstance(result.exception, ModelTamperedError)
    assert "face_landmark" in result.exception.message


def test_a_failed_fetch_ends_with_exit_4_and_a_remedy(empty_folder, monkeypatch):
    def fail(folder):
        raise registry.FetchError("pip could not download it: no index.")

    monkeypatch.setattr(registry, "download_wheel", fail)
    result = CliRunner().invoke(models_app, ["fetch"])
    assert isinstance(result.exception, ModelMissingError)
    assert "index" in result.exception.remedy
