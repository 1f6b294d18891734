"""The sub-commands of `avatar` that make, judge and render speakers."""
