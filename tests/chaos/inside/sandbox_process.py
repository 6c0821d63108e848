"""The exchange's process: `hyperliquid-perpetual sandbox` as it is, with the run's clock."""

from tests.chaos.inside import shifted_clock

shifted_clock.install()

from hyperliquid_perpetual.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
