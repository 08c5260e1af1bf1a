"""The commands: arguments in, text or JSON out. `python -m kb.cli` is `kb`."""
