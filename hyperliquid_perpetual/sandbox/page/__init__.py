"""The page at `/`: a sandbox's markets and accounts to look at, and what can be done to them (`docs/page.md`)."""
