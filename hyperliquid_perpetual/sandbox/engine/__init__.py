"""The exchange as pure code: a time and a command go in, events come out; no clock, no entropy, no I/O.

Start at `exchange.Exchange`. What may be asked is in `commands`, what happens is in `events`, what can be read at any
time is in `state`, `records` and `book`, and the units are explained in `units`.
"""
