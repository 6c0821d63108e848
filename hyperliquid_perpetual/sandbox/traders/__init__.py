"""Synthetic traders: for each market makers with a living book, and takers who trade against it and against you.

They have accounts like everybody and use the same commands; only their money is endless. Seeded: with the same seed and
the same times they do the same. One module per kind of trader; `regimes` says how they behave in which regime, `crowd`
when they act.
"""

from hyperliquid_perpetual.sandbox.traders.crowd import Traders as Traders
from hyperliquid_perpetual.sandbox.traders.desk import synthetic_address as synthetic_address
from hyperliquid_perpetual.sandbox.traders.market import MarketTraders as MarketTraders
from hyperliquid_perpetual.sandbox.traders.regimes import REGIMES as REGIMES
from hyperliquid_perpetual.sandbox.traders.regimes import Regime as Regime
