"""Between a Hummingbot order and the venue: connections, requests, outcomes, fills, account state, books."""
