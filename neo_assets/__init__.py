"""NASA's feed of asteroids passing Earth, as a lakehouse you can trust."""

import warnings

# Two features that Dagster does not call finished are used on purpose, and tested: a backfill
# policy, and checks that are partitioned like their asset.
warnings.filterwarnings("ignore", message="Parameter `(backfill_policy|include_sources)` ")
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec ")
