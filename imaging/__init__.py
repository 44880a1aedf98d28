"""Dermetry's numeric core and command.  Importing it loads nothing heavy."""

from __future__ import annotations

__version__ = "0.1.0"
