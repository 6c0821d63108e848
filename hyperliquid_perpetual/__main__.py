"""`python -m hyperliquid_perpetual`: the operator's command without its console script."""

from hyperliquid_perpetual.cli import main

if __name__ == "__main__":
    main()
