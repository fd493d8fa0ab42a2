"""Messages to people, through the services that `NEO_ALERT_URLS` names.

Addresses of services hold passwords and tokens. So nothing that Apprise says goes further than this
module, not even to the log: what it masks is its own guess, service by service.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from neo_assets.settings import Settings, SettingsError

ONE_MESSAGE_TAKES_AT_MOST_S = 20
MESSAGES_A_TICK = 5
"""Apprise leaves five seconds between two messages to a service, and a tick has a minute."""

_BETWEEN_ADDRESSES = re.compile(r"[\s,;]+(?=[a-z0-9]+://)", re.IGNORECASE)
_ANSWERED = re.compile(r"\berror=(\d{3})\b")


class _NothingButTheStatus(logging.Filter):
    """Leaves of what Apprise logs the status of an HTTP answer, and drops the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = _ANSWERED.search(record.getMessage())
        if status:
            record.msg, record.args, record.exc_info = status[0], None, None
        return status is not None


logging.getLogger("apprise").addFilter(_NothingButTheStatus())


class DeliveryError(Exception):
    """A service did not take a message; the sentence says which, and holds no part of its address.

    It is safe to send the same message again.
    """


class Service:
    """The service of one address in `NEO_ALERT_URLS`.

    Args:
        number: which of the addresses it is, beginning with 1.
        address: in Apprise's notation.

    Raises:
        SettingsError: Apprise cannot read the address.
    """

    def __init__(self, number: int, address: str) -> None:
        # Most code locations send nothing, and need not wait for it to load.
        from apprise import Apprise, AppriseAsset

        self._apprise = Apprise(
            asset=AppriseAsset(
                app_id="neo_assets",
                app_desc="neo_assets",
                app_url="",
                # Plugins keep what a service gave them, such as tokens: not on the disk.
                storage_mode="memory",
            )
        )
        if not self._apprise.add(address):
            raise SettingsError(
                f"NEO_ALERT_URLS: address {number} is none that Apprise can read, such as "
                "mailto://user:password@example.org or slack://token/token/token"
            )
        self.number = number
        self.name = f"{self._apprise[0].service_name} (address {number} of NEO_ALERT_URLS)"

    def send(self, title: str, body: str, *, is_failure: bool = True) -> None:
        """Send a message of plain text, shown as a failure or as information.

        Raises:
            DeliveryError: the service did not take it, or not in time.
        """
        from apprise import NotifyFormat, NotifyType

        with _no_addresses_logged():
            result = self._apprise.notify(
                body,
                title=title,
                notify_type=NotifyType.FAILURE if is_failure else NotifyType.INFO,
                body_format=NotifyFormat.TEXT,
                timeout=ONE_MESSAGE_TAKES_AT_MOST_S,
            )
        if not result:
            statuses = [_ANSWERED.search(entry.message) for entry in result.logs()]
            answers = [f" and answered {status[1]}" for status in statuses if status]
            raise DeliveryError(
                f"{self.name} did not accept the message{answers[0] if answers else ''}: check the "
                "address and the network, then try: neo-assets alert-test"
            )


def services(settings: Settings) -> list[Service]:
    """The configured services, in order; none where `NEO_ALERT_URLS` is not set.

    Raises:
        SettingsError: an address cannot be read; the sentence says which.
    """
    if settings.neo_alert_urls is None:
        return []
    addresses = _BETWEEN_ADDRESSES.split(
        settings.neo_alert_urls.get_secret_value().strip(" \t\n,;")
    )
    return [Service(number, address) for number, address in enumerate(addresses, start=1)]


@contextmanager
def _no_addresses_logged() -> Iterator[None]:
    """Keep quiet what HTTP and OAuth libraries log for debugging: paths, headers, signatures."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.DEBUG))
    try:
        yield
    finally:
        logging.disable(before)
