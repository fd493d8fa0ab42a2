"""Errors of a workspace, without the SDK, for modules that only catch them."""


class WorkspaceError(Exception):
    """A request to the workspace failed; the message says what to do."""


class NoTableError(WorkspaceError):
    """The workspace does not have the table yet."""
