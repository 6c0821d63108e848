"""The credentials as Hummingbot's authenticator: requests are signed where they are built, nothing is added here."""

from hummingbot.core.web_assistant.auth import AuthBase
from hummingbot.core.web_assistant.connections.data_types import RESTRequest, WSRequest

from .trading.credentials import Credentials


class HyperliquidPerpetualAuth(AuthBase):
    """Holds the credentials; only the signer inside them can reach the key."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    async def rest_authenticate(self, request: RESTRequest) -> RESTRequest:
        """Leaves the request as it is."""
        return request

    async def ws_authenticate(self, request: WSRequest) -> WSRequest:
        """Leaves the request as it is: the venue's streams are public."""
        return request

    def __repr__(self) -> str:
        return f"HyperliquidPerpetualAuth({self.credentials.account})"
