"""One command that runs a real Hummingbot against the local exchange and compares their books afterwards."""
