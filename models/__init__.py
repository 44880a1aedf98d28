"""Learned models: registry, networks, inference, training.  Imports nothing of `imaging`."""

#: Checked where it is imported: a stranger's ``models`` must not be taken for ours.
DERMETRY_MODELS = True
