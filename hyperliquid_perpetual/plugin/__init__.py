"""How a Hummingbot installation finds this package in place of the connector it ships with.

A Python start-up file (`startup_file`) runs `bootstrap` in every process; its import finder answers for Hummingbot's
module name with our modules. `status` asks a fresh process which connector it gets.
"""
