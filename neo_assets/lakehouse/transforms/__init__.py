"""Bronze, silver and gold: from tables to tables, for a window of days."""
