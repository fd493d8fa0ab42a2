import getpass
import os

import pytest

from neo_assets.user import user_name


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_name() == getpass.getuser()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    nobody_has_it = 3_999_999_999
    monkeypatch.setattr(os, "getuid", lambda: nobody_has_it)
    assert user_name() == f"uid {nobody_has_it}"
