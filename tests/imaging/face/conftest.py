"""The one portrait that tests may use, and the face models it needs."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.face.landmarks import find_landmarks
from imaging.face.mesh import load_face_models
from imaging.settings import FaceSettings


@pytest.fixture(scope="session")
def face_models():
    """The fetched models; without them these tests fail with the command to run."""
    return load_face_models()


@pytest.fixture(scope="session")
def astronaut():
    """Head of the astronaut portrait (NASA, public domain), three times enlarged: (690, 600, 3)."""
    import cv2
    import skimage.data

    head = skimage.data.astronaut()[0:230, 120:320]
    return cv2.resize(head, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC).astype(np.uint8)


@pytest.fixture(scope="session")
def astronaut_landmarks(astronaut, face_models):
    return find_landmarks(astronaut, settings=FaceSettings(), models=face_models)
