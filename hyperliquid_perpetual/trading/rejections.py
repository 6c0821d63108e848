"""The venue's refusal of an order, a cancel or an amendment, as an exception with a name."""

from ..venue.replies import RejectCode, classify_rejection


class VenueRejection(Exception):
    """The venue refused something. The text is the venue's own, or the status it gave."""

    @property
    def code(self) -> RejectCode:
        """What kind of refusal it is."""
        return classify_rejection(str(self))

    @property
    def kind(self) -> str:
        """The name of the outcome in Hummingbot's failure event: ``REDUCE_ONLY``, ``NO_MATCH``, ``MARGIN``…"""
        return self.code.name if self.code is not RejectCode.OTHER else "REJECTED"
