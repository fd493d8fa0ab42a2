"""Maintenance of tables: compaction of small files, and the rebuild of bronze."""
