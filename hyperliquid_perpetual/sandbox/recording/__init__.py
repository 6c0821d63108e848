"""Recordings of a venue's public streams: the file format, what writes it, what reads it, and where it comes from."""
