"""The face wing: from facial pixels to pigmented area per region and MASI."""
