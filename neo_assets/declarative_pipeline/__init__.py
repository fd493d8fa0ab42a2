"""Bronze and silver as a declarative pipeline: docs/declarative_pipeline.md.

Nothing imports this package: Lakeflow and `spark-pipelines` run `pipeline.py`.
"""
