"""The dashboard: one HTML file for everyone who opens no lakehouse.

`reading` gets the rows of gold, `numbers` what is shown of them, `charts` draws it, and `page` puts
it together. Nothing here knows of Dagster or Spark.
"""
