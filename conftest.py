"""Puts the trial's options and checks within reach of pytest wherever it is started in this repository."""

pytest_plugins = ["conformance.plugin"]
