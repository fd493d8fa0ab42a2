"""Delta tables: where they are, how they are read, written and migrated."""
