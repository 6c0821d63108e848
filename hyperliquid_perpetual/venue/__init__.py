"""Hyperliquid's rules as pure code: no I/O, no clock, and nothing of Hummingbot.

Section numbers in the docstrings below this package point into the venue reference, the description of the exchange's
API that this project is written against.
"""
