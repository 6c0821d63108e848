"""The one error of state files. Its text is complete: what is wrong, where, and what to do."""


class StateError(ValueError):
    """A state file cannot be used. It has been left as it was found."""
