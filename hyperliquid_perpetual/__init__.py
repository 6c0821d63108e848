"""A drop-in `hyperliquid_perpetual` connector for Hummingbot, and a local exchange to try it on.

This module stays empty of imports: it is loaded at the start of every Python process that the plugin is enabled for.
"""

__version__ = "0.1.0"
