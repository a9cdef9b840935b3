"""From the bytes of an export to answers, with every cell accounted for."""
