"""What goes wrong with a workspace, for whoever tells people of it."""


class WorkspaceError(Exception):
    """The workspace did not do what was asked of it; the message says what to do."""


class NoTableError(WorkspaceError):
    """The workspace does not have the table yet."""
