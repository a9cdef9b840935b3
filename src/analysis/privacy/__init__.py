"""What protects people: masking, small numbers, and the gate."""
