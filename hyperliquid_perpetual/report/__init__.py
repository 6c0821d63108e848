"""What a bot did, out of its database and its log: figures, one HTML page, one picture."""
