"""The branches of the shapes that the sandbox does not show, as patterns, each with the reason."""

NOT_SHOWN: dict[str, str] = {}
