"""How a whole signed action is refused: an HTTP 200 reply whose status is "err" (reference, section 1.3)."""


class Refused(Exception):
    """The venue's text for a whole action that is refused: the top level of an HTTP 200 reply."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotPrevalidated(Refused):
    """As `Refused`, for an order that cannot even be looked at (section 3.1, "pre-validation")."""
