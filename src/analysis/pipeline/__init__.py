"""The steps of a year, run and published."""
