"""The hair wing: from trichoscopy pixels to hairs, follicular units and densities."""
