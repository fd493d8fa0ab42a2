"""Running stages on Databricks: the code that goes there, and what is asked of a workspace."""
