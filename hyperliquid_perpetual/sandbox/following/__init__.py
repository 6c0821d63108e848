"""Markets that follow another venue: a recording or live streams, played through the real books of the engine."""
