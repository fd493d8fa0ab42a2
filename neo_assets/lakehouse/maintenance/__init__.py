"""What keeps the tables in order: small files joined, bronze rebuilt."""
