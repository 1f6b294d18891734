"""The sub-commands of `avatar` that stream."""
