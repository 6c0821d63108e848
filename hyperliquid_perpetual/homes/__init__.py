"""Bot homes: folders that a Hummingbot lives in, and the ready configurations that go into them."""
