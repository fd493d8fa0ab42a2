"""The person or account that runs a command."""

import getpass
import os


def user_name() -> str:
    """The login name, or `uid 1234` where the system has no name for the user.

    Containers often run under a number that is in no user database.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # which of them depends on the version of Python
        return f"uid {os.getuid()}"
