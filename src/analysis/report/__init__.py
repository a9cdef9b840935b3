"""From released results to documents that people read."""
