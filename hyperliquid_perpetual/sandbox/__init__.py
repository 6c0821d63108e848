"""A local exchange that speaks Hyperliquid's wire protocol: `engine` is pure, everything around it does the I/O."""
