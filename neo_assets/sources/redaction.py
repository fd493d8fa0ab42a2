"""Keys taken out of whatever a service or an HTTP library writes.

A key is in the address of every call, and therefore in the text of nearly every exception and log
line of the HTTP libraries, and in the links of the responses.
"""

import logging
import re
from typing import Any
from urllib.parse import quote, quote_plus

KEY_PARAMETER = re.compile(r"(api_key=)[^&#\"'\s]*", re.IGNORECASE)
REDACTED = "REDACTED"


def scrub(value: Any, key: str) -> Any:
    """The same JSON value with the caller's key taken out of every string in it."""
    if isinstance(value, str):
        # A shorter key may be a word that occurs in a name; NASA's keys have 40 characters.
        scrubbed = without(key, value) if len(key) >= 8 else value
        return redact_parameters(scrubbed)
    if isinstance(value, dict):
        return {scrub(name, key): scrub(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [scrub(item, key) for item in value]
    return value


def without(key: str, text: str) -> str:
    """The text with the key taken out in every form that a URL gives it."""
    for form in {key, quote(key), quote(key, safe=""), quote_plus(key)} - {""}:
        text = text.replace(form, REDACTED)
    return text


def redact_parameters(text: str) -> str:
    """Return the text without the value of any key parameter, whichever key it is."""
    return KEY_PARAMETER.sub(rf"\g<1>{REDACTED}", text)


class _WithoutKeys(logging.Filter):
    """Takes keys out of log lines with the address of a call in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if KEY_PARAMETER.search(message):
            record.msg, record.args = redact_parameters(message), None
            record.exc_info = None
        return True


# A filter of a logger does not act on the loggers below it; these log addresses.
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_WithoutKeys())
