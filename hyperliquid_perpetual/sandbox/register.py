"""Who may act: accounts that exist here, their agents, and what happens when a stranger signs.

On the venue an address exists once it has deposited, and a signature over the wrong bytes recovers to an address that
nobody has: `User or API Wallet 0x... does not exist.` Here an account should open by itself when a client comes for the
first time, and yet a wrong signature must be refused as on the venue. A single signature cannot tell the two apart, so
the rule is about what clients do around it:

1. An account opens, with its deposit, when it is *named*: configured, funded by `fund`, or the `user` of an /info
   request or a WebSocket subscription. Every client that looks at its account before it trades is served by this.
2. A signer that is an account here acts for itself, an approved agent acts for its master.
3. Any other signer is a stranger. While nobody has named an account, a stranger is taken for a new client: its account
   opens and its action is done, so a script whose very first request is an order works on a fresh sandbox. Once an
   account has been named, strangers are refused with the venue's text, because every wrong hash is one; and if a known
   mistake leads to somebody known (`mistakes`), a stranger is refused in any case.

With `newcomers="refuse"` accounts open only by configuration and `fund`, as strict as the venue: the setting for tests
of credentials. Reading never opens an account for an address that is or was somebody's agent.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Literal

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.state.notes import Known, Named, Note

Newcomers = Literal["welcome", "refuse"]
logger = logging.getLogger(__name__)


class Register:
    """The addresses that this exchange knows. `open_account` makes the deposit of a new one."""

    def __init__(self, exchange: Exchange, open_account: Callable[[str], None], newcomers: Newcomers) -> None:
        self._exchange = exchange
        self._open_account = open_account
        self._newcomers = newcomers
        self._known: set[str] = set()
        self._somebody_was_named = False
        self.note: Callable[[Note], None] = lambda note: None
        """Told what changes here, by who keeps the state."""

    def open(self, address: str) -> None:
        """Open the account of a lowercase address if it is not open, without counting it as named by a client."""
        if not self.is_account(address):
            self.know(address)
            self.note(Known(address))
            self._open_account(address)

    def name(self, address: str) -> None:
        """A client asks about this account: open it, unless it is or was an agent or newcomers are refused."""
        if self._newcomers == "refuse" and not self.is_account(address):
            return
        self._note_named()
        if not self._exchange.was_agent(address):
            self.open(address)

    def claim(self, address: str) -> None:
        """Somebody in charge opens this account: strangers are refused from now on."""
        self._note_named()
        self.open(address)

    def adopt(self, address: str) -> None:
        """As `claim`, for an account whose money is somebody else's care: no deposit is made."""
        self._note_named()
        if address not in self._known:
            self.know(address)
            self.note(Known(address))

    def know(self, address: str) -> None:
        """From now on this address is known; nothing else is done about it."""
        self._known.add(address)

    def somebody_is_named(self) -> None:
        """From now on strangers are refused."""
        self._somebody_was_named = True

    def dump(self) -> tuple[list[str], bool]:
        """The known addresses, and whether somebody was named."""
        return sorted(self._known), self._somebody_was_named

    def load(self, known: Iterable[str], somebody_was_named: bool) -> None:
        """Go on from what `dump` gave."""
        self._known = set(known)
        self._somebody_was_named = somebody_was_named

    def _note_named(self) -> None:
        if not self._somebody_was_named:
            self.somebody_is_named()
            self.note(Named())

    def is_known(self, address: str, now: int) -> bool:
        """Whether an address is an account or a valid agent here."""
        return self.account_of(address, now) is not None

    def is_account(self, address: str) -> bool:
        """Whether an address has an account here: opened by somebody, or by money that was sent to it."""
        return address in self._known or self._exchange.account(address) is not None

    def is_vault(self, address: str) -> bool:
        """Whether an address is a vault or a sub-account: one that somebody else's key trades for."""
        account = self._exchange.account(address)
        return account is not None and account.kind != "user"

    def may_act_for(self, account: str, vault: str) -> bool:
        """Whether an account leads a vault, or is the master of a sub-account."""
        found = self._exchange.account(vault)
        return found is not None and found.master == account

    def account_of(self, signer: str, now: int) -> str | None:
        """The account that a signer acts for: its master's if it is an agent, else its own, None for a stranger."""
        master = self._exchange.master_of(signer, now)
        if master is not None:
            return master
        return signer if self.is_account(signer) else None

    def admit_stranger(self, signer: str, explain: Callable[[], str | None]) -> bool:
        """Decide about a signer that is nobody here; one that is admitted has an account afterwards.

        `explain` looks for a mistake in its request.
        """
        reason = explain()
        if reason is not None:
            logger.warning("refused %s: the request was %s", signer, reason)
            return False
        if self._newcomers == "welcome" and not self._somebody_was_named:
            self.open(signer)
            return True
        logger.warning(
            "refused %s: nobody here has this address. Usually a wrong signature; if it is a new client, let it read "
            "its account before it trades, or fund the address",
            signer,
        )
        return False
