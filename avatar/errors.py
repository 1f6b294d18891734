"""Errors that are meant for a person: one line that says what is wrong and what to do."""


class AvatarError(Exception):
    """Something the user can put right. The command line prints it and exits with code 2."""


class DeviceLost(Exception):
    """An accelerator failed in the middle: no more can be computed on it by this process."""
