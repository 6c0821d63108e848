"""The acceptance run: the whole life of orders with small sizes, against a network as it really is."""
