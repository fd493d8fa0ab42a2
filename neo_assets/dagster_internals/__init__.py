"""Every private API of Dagster that the project relies on; no other package imports one.

A newer Dagster may change any of them. `neo_assets_tests/test_dagster_internals.py` names each and
tests the behavior relied on.
"""
