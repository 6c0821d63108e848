"""The builder code, which goes on orders only if the user has configured one and the venue confirms the approval.

Reference, sections 3.1, 3.8 and 13. An order with a builder that was not approved is refused. So the approval is read
back first, and without it orders go out as if no builder had been configured, which is told once. Vaults and
sub-accounts cannot approve builders, and on testnet there are none to pay.
"""

from collections.abc import Callable
from typing import Any

from ..venue.actions import BuilderCode
from ..venue.networks import Network
from .log_names import logger_of
from .requests import Requests

logger = logger_of(__name__)


class BuilderApproval:
    """Decides whether the configured builder goes on orders."""

    def __init__(
        self,
        requests: Requests,
        user: str,
        wanted: BuilderCode | None,
        is_vault: bool,
        use: Callable[[BuilderCode | None], None],
    ) -> None:
        """
        :param wanted: what the user has configured; None for none.
        :param is_vault: whether the account is a vault or sub-account.
        :param use: has orders carry a builder, or none.
        """
        self._requests = requests
        self._user = user
        self._wanted = wanted
        self._use = use
        self._told = ""
        if wanted is not None and (is_vault or requests.network is Network.TESTNET):
            where = "on testnet" if requests.network is Network.TESTNET else "for vaults and sub-accounts"
            self._tell(f"The builder code is left out: {where} there is none.")
            self._wanted = None

    async def check(self) -> None:
        """Reads the approval. Costs 20 weight when a builder is configured, else nothing.

        :raises VenueUnavailable: when it cannot be read; orders go on as before.
        """
        builder = self._wanted
        if builder is None:
            return
        approved: Any = await self._requests.info(
            {"type": "maxBuilderFee", "user": self._user, "builder": builder.address}, int
        )
        if approved >= builder.fee_tenths_of_bp:
            self._use(builder)
            self._told = ""
            return
        self._use(None)
        self._tell(
            f"The account has approved {_bp(approved)} for builder {builder.address}, but "
            f"{_bp(builder.fee_tenths_of_bp)} is configured: orders go out without the builder code until the "
            "account's own key (not an API wallet's) has approved that fee."
        )

    def refused(self) -> None:
        """The venue has refused the builder on an order."""
        if self._wanted is not None:
            self._tell(f"The approval of builder {self._wanted.address} was withdrawn: orders go out without its code.")

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            logger.warning(text)


def _bp(tenths: int) -> str:
    return f"{tenths / 10:g} bp" if tenths else "no fee"
