"""The `yima` command."""
