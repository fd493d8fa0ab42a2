"""The schema of what arrived: inferred for every batch, tracked in versioned files, held to a mode.

Bronze keeps every object whole in a VARIANT, so nothing here can lose anything; what this package
adds is what Databricks' Auto Loader does with a source's schema, the same on any Spark.

A tracked version is a JSON file beside the checkpoint that is never changed again; a change makes
the next version.  The first batch is the baseline.  Then, day after day in order of their dates:

* `new`: a field the tracked version does not know.  Only the topmost is named: with an unknown
  object its fields are unknown too.
* `gone`: a field every object had when it became known, and none has in the day's newest snapshot.
  So a field that only some objects have, or that one object lacks, does not cry wolf, nor does a
  day before the field came.
* `changed_type`: a value of a type the tracked version does not know for its field.  All numbers
  are one type, and null is of any.

The modes are those of Auto Loader (`cloudFiles.schemaEvolutionMode`):

* `addNewColumns`: the version is followed by one with the new fields; types never evolve.  A field
  that disappears stays, marked as gone, and is reported once.  Auto Loader stops its stream
  once for a new column, because a stream cannot change its columns; bronze has the object in one
  column, so the run goes on.
* `rescue`: no version follows the baseline; new fields are rescued.
* `failOnNewColumns`: a new field fails its day before anything of the day is ingested.
* `none`: nothing is tracked, compared or rescued.

A type that was learned from a bad answer is corrected with `neo-assets schema correct`.

In all but `none`, a value of another type is rescued.  Rescued data is in
`bronze_rescued_data`, by row, with the file it came from.

`shapes` reads types, `observations` looks at rows, `versions` has what is tracked, `comparison`
compares a day with it, `evolution` goes from day to day, `rescue` rescues, and `tracking` does
all of it for a run.
"""

from .tracking import Evolution, correct, days_with_new_fields, track, tracked_schemas

__all__ = ["Evolution", "correct", "days_with_new_fields", "track", "tracked_schemas"]
