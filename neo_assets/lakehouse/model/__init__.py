"""What the tables are: columns, keys, bands, rules, all as data and SQL; without Spark."""
