"""How JPL names an object, in `des` and `fullname`, as SQL expressions.

`des` is the number of an object that has one, else its designation; `fullname` ends with the
designation in parentheses, but for comets, as the names of NeoWs do.
"""

from neo_assets.lakehouse.model.designations import designation
from neo_assets.lakehouse.model.json_values import text

DESIGNATION = f"coalesce({designation(text('fullname'))}, {text('des')})"
"""The designation, the same as for an object of NeoWs."""

NUMBER = (
    f"nullif(coalesce(nullif(regexp_extract({text('fullname')}, '^([0-9]+) .*[(]', 1), ''), "
    f"regexp_extract({text('des')}, '^([0-9]+)$', 1)), '')"
)
"""The permanent number, as text; null without one."""
