"""The documentation as a site: `make docs` writes it to site/, for any static server.

`NEO_REPOSITORY_URL` is the address of the repository, where links to files outside docs/ lead.
"""

import os
import re

from sphinx.application import Sphinx

project = "neo_assets"
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
html_theme = "furo"
html_copy_source = False

_REPOSITORY = os.environ.get("NEO_REPOSITORY_URL", "https://github.com/OWNER/neo_assets")
_OUTSIDE = re.compile(r"\]\(\.\./([^)\s]+)\)")


def setup(app: Sphinx) -> None:
    """Have links to files outside docs/ lead to the repository."""
    app.connect("source-read", _link_to_repository)


def _link_to_repository(app: Sphinx, name: str, source: list[str]) -> None:
    if "/" not in name:
        source[0] = _OUTSIDE.sub(rf"]({_REPOSITORY}/blob/main/\1)", source[0])
