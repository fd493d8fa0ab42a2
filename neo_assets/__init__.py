"""NASA's feed of asteroids passing Earth, as a lakehouse you can trust."""

import warnings

# Three features that Dagster does not call finished are used on purpose, and tested: a backfill
# policy, conditions of our own, and checks that are partitioned like their asset.
_PARAMETERS = "backfill_policy|include_sources|use_user_code_server"
warnings.filterwarnings("ignore", message=f"Parameter `({_PARAMETERS})` ")
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec ")
