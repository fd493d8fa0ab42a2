"""Where event files land, tables are and stages run: a folder and a line here for each target."""

TARGETS = {
    "local": "neo_assets.targets.local.target:LocalTarget",
    "databricks": "neo_assets.targets.databricks.target:DatabricksTarget",
}
"""The class of each target, by name; imported when it is used, for not everyone needs them all."""
