"""What `benchmark.py` measures with; none of it is in the installed package."""
