"""The dashboard: one HTML file for everyone who opens no lakehouse.

`tables` reads the rows of gold, `data` computes what is shown, `charts` draws it, and `page` puts
it together. Nothing here depends on Dagster or Spark.
"""
