"""Does again what a journal has: the engine's commands, and what else happened with them."""

import logging
from collections.abc import Iterable

from hyperliquid_perpetual.sandbox.engine.command_base import AccountCommand, WorldCommand
from hyperliquid_perpetual.sandbox.engine.events import TradeMade
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.notes import (
    Admitted,
    Block,
    Charged,
    Delisted,
    DexAdded,
    Halted,
    Known,
    Listed,
    MetadataBroken,
    Named,
    Note,
)
from hyperliquid_perpetual.sandbox.state.outside import Parts

logger = logging.getLogger(__name__)


def replay(blocks: Iterable[Block], parts: Parts) -> None:
    """Do again everything that is in a journal. Nobody is told of it.

    :raises StateError: when not the same comes of it as before.
    """
    engine, tape = parts.chain.exchange, parts.tape
    for block in blocks:
        count = 0
        for entry in block.entries:
            if not isinstance(entry, AccountCommand | WorldCommand):
                _follow(entry, block.time, parts)
                continue
            try:
                events = engine.apply(block.time, entry)
            except Exception as error:  # what failed then fails again in the same way
                logger.debug("block %d: %s", block.number, error)
                continue
            count += len(events)
            parts.equity.on_events(events)
            for event in events:
                if isinstance(event, TradeMade):
                    tape.add(event.trade)
        if (count, engine.progress) != (block.events, block.progress):
            raise StateError(
                f"The journal cannot be followed at block {block.number}: this version of the sandbox does something "
                "else than the one that wrote it. Nothing was changed: resume and stop it with that version first."
            )
        parts.equity.on_block(block.time)
        parts.chain.resume(block.time, parts.chain.blocks + 1, parts.chain.is_halted)


def _follow(note: Note, time: int, parts: Parts) -> None:
    match note:
        case Admitted():
            parts.gatekeeper.admit_again(note, time)
        case Charged():
            parts.gatekeeper.budget.charge(note.account, note.items)
        case Known():
            parts.register.know(note.address)
        case Named():
            parts.register.somebody_is_named()
        case Listed():
            parts.tape.open(note.listing.market)
            parts.market_set.add(note.listing)
        case Delisted():
            parts.market_set.delist(note.coin)
        case DexAdded():
            parts.market_set.add_dex(note.name, note.collateral)
        case MetadataBroken():
            parts.view.break_metadata(note.name, note.broken)
        case Halted():
            parts.chain.is_halted = note.halted
