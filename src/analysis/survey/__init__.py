"""What was asked, and of whom: the instrument and the register of units."""
