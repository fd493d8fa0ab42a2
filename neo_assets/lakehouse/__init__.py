"""The lakehouse: functions from tables to tables for a window of days, which know no Dagster.

Only the Spark Connect API is used, so that what runs here runs on Databricks serverless too.
"""
