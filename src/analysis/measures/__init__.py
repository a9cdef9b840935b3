"""Pure functions from tables to tables: counts, response, themes, years."""
