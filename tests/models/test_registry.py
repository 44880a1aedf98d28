"""Model files: found, checked, got; a wrong or altered one is refused by name."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from models import registry


@pytest.fixture
def fake_component(monkeypatch):
    """Let the registry expect two small files of ours in place of the real ones."""
    contents = {"face_landmark": b"points", "face_detection_short_range": b"boxes"}
    declared = tuple(
        registry.Component(
            name=name,
            file_name=f"{name}.tflite",
            member=f"mediapipe/{name}.tflite",
            sha256=hashlib.sha256(content).hexdigest(),
            licence="Apache-2.0",
            purpose="a test",
        )
        for name, content in contents.items()
    )
    monkeypatch.setattr(registry, "_DECLARED", declared)
    monkeypatch.setattr(registry, "COMPONENTS", {c.name: c for c in declared})
    return contents


def make_wheel(path: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"mediapipe/{name}.tflite", content)
        archive.writestr("mediapipe/other.tflite", b"not wanted")
    return path


def make_model(folder: Path, *, weights: bytes = b"weights") -> None:
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(weights)
    contract = {"architecture": "unet", "sha256": hashlib.sha256(b"weights").hexdigest()}
    (folder / "model.json").write_text(json.dumps(contract), encoding="utf-8")


def test_the_environment_variable_decides_where_the_face_models_lie(monkeypatch, tmp_path):
    monkeypatch.setenv(registry.FOLDER_VARIABLE, str(tmp_path / "mine"))
    assert registry.user_folder() == tmp_path / "mine"


def test_without_the_variable_they_lie_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv(registry.FOLDER_VARIABLE, raising=False)
    assert "dermetry" in registry.user_folder().parts


def test_fetch_keeps_exactly_the_two_files(fake_component, tmp_path):
    folder = tmp_path / "models"
    paths = registry.fetch_components(
        folder=folder, download=lambda scratch: make_wheel(scratch / "a.whl", fake_component)
    )
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in paths.values())
    assert registry.read_component("face_landmark", folder=folder) == b"points"


def test_fetch_downloads_nothing_when_the_files_are_there(fake_component, tmp_path):
    def download(scratch: Path) -> Path:
        return make_wheel(scratch / "a.whl", fake_component)

    registry.fetch_components(folder=tmp_path, download=download)

    def refuse(scratch: Path) -> Path:
        raise AssertionError("downloaded again")

    registry.fetch_components(folder=tmp_path, download=refuse)


def test_fetch_replaces_an_altered_file(fake_component, tmp_path):
    (tmp_path / "face_landmark.tflite").write_bytes(b"altered")
    assert registry.component_state("face_landmark", folder=tmp_path) == "tampered"
    registry.fetch_components(
        folder=tmp_path, download=lambda scratch: make_wheel(scratch / "a.whl", fake_component)
    )
    assert registry.component_state("face_landmark", folder=tmp_path) == "ready"


def test_fetch_keeps_nothing_of_a_wheel_with_an_altered_file(fake_component, tmp_path):
    folder = tmp_path / "models"
    altered = fake_component | {"face_landmark": b"altered"}
    with pytest.raises(registry.ModelFileTamperedError, match="face_landmark"):
        registry.fetch_components(
            folder=folder, download=lambda scratch: make_wheel(scratch / "a.whl", altered)
        )
    assert not folder.exists()


def test_fetch_says_so_when_the_wheel_does_not_hold_the_files(fake_component, tmp_path):
    with pytest.raises(registry.FetchError, match=r"a\.whl does not hold the face models"):
        registry.fetch_components(
            folder=tmp_path / "models",
            download=lambda scratch: make_wheel(scratch / "a.whl", {}),
        )


def test_fetch_says_what_pip_said_when_it_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "WHEEL_REQUIREMENT", "mediapipe==0.0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(registry.FetchError, match=r"pip could not download mediapipe==0\.0\.0"):
        registry.download_wheel(tmp_path)


def test_a_missing_face_model_is_told_from_an_altered_one(fake_component, tmp_path):
    assert registry.component_state("face_landmark", folder=tmp_path) == "missing"
    with pytest.raises(registry.ModelFileMissingError, match=r"face_landmark\.tflite is missing"):
        registry.read_component("face_landmark", folder=tmp_path)
    (tmp_path / "face_landmark.tflite").write_bytes(b"point")
    with pytest.raises(registry.ModelFileTamperedError, match="is not the expected file"):
        registry.read_component("face_landmark", folder=tmp_path)


def test_a_wrong_model_name_lists_the_right_ones(tmp_path):
    make_model(tmp_path / "shafts-1")
    make_model(tmp_path / "shafts-2")
    with pytest.raises(registry.ModelFileMissingError, match="shafts-1, shafts-2"):
        registry.read_model("shaft-1", folder=tmp_path)


def test_a_model_is_read_with_its_contract(tmp_path):
    make_model(tmp_path / "shafts-1")
    model = registry.read_model("shafts-1", folder=tmp_path)
    assert model.contract["architecture"] == "unet"
    assert model.weights == b"weights"


def test_altered_weights_are_refused(tmp_path):
    make_model(tmp_path / "shafts-1", weights=b"others")
    assert registry.model_state("shafts-1", folder=tmp_path) == "tampered"
    with pytest.raises(registry.ModelFileTamperedError, match="shafts-1"):
        registry.read_model("shafts-1", folder=tmp_path)


def test_a_model_without_weights_is_missing(tmp_path):
    make_model(tmp_path / "shafts-1")
    (tmp_path / "shafts-1" / "weights.safetensors").unlink()
    assert registry.model_state("shafts-1", folder=tmp_path) == "missing"


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_model_whose_contract_names_no_digest_is_refused(tmp_path, text):
    make_model(tmp_path / "shafts-1")
    (tmp_path / "shafts-1" / "model.json").write_text(text, encoding="utf-8")
    assert registry.model_state("shafts-1", folder=tmp_path) == "tampered"
