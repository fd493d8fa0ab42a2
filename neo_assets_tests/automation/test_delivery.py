"""Messages arrive, and nothing shows the addresses that they are sent to."""

import logging
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress

import pytest
from pydantic import SecretStr

from neo_assets.automation.delivery import DeliveryError, Service, services
from neo_assets.settings import Settings, SettingsError
from neo_assets_tests.automation.endpoints import (
    PASSWORD,
    SECRETS,
    Endpoint,
    Mailbox,
    Message,
    unused_port,
)

TITLE = "neo_assets: drop_count of silver_neo_events failed for 2024-03-02"
BODY = "Why: 3 of 8 rows <dropped> & kept…\nhttp://127.0.0.1:3000/runs/1?a=b&c=d"


@pytest.fixture(autouse=True)
def _logs_at_their_loudest() -> Iterator[None]:
    before = logging.root.level
    logging.root.setLevel(1)
    yield
    logging.root.setLevel(before)


def configured(addresses: str) -> list[Service]:
    return services(Settings(neo_alert_urls=SecretStr(addresses)))


def test_no_alerts_are_sent_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEO_ALERT_URLS", raising=False)
    assert services(Settings.from_environment()) == []


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n", " ; "])
def test_addresses_are_separated_as_apprise_does(service: Endpoint, between: str) -> None:
    lists = "mailto://me:x@example.org?to=a@example.org,b@example.org"
    found = configured(f"{between}{service.address}{between}{lists}{between}")
    assert [one.name for one in found] == [
        "JSON (address 1 of NEO_ALERT_URLS)",
        "E-Mail (address 2 of NEO_ALERT_URLS)",
    ]


def test_a_message_arrives_over_http(service: Endpoint) -> None:
    configured(service.address)[0].send(TITLE, BODY)
    assert service.messages == [Message(TITLE, BODY)]


def test_a_message_arrives_by_mail(mail: Mailbox) -> None:
    configured(mail.address)[0].send(TITLE, BODY)
    (message,) = mail.messages
    assert (message["subject"], message["to"]) == (TITLE, "people@example.org")
    text = message.get_body(("plain",))
    assert text is not None
    for line in BODY.splitlines():
        assert line in text.get_content()


@pytest.mark.parametrize("status", [500, 404])
def test_a_refused_message_is_reported_with_the_response(service: Endpoint, status: int) -> None:
    service.status = status
    with pytest.raises(DeliveryError) as raised:
        configured(service.address)[0].send(TITLE, BODY)
    assert str(raised.value) == (
        f"JSON (address 1 of NEO_ALERT_URLS) did not accept the message and answered {status}: "
        "check the address and the network, then try: neo-assets alert-test"
    )


def test_a_service_that_is_down_is_reported() -> None:
    (down,) = configured(Endpoint(unused_port()).address)
    with pytest.raises(
        DeliveryError, match=r"JSON \(address 1 of .*\) did not accept the message: "
    ):
        down.send(TITLE, BODY)


def test_a_wrong_mail_password_is_reported(mail: Mailbox) -> None:
    (service,) = configured(mail.address.replace(PASSWORD, PASSWORD[::-1]))
    with pytest.raises(DeliveryError, match=r"E-Mail \(address 1 of .*\) did not accept"):
        service.send(TITLE, BODY)
    assert not mail.messages


@pytest.mark.parametrize(
    ("addresses", "number"),
    [
        (f"nonsense://me:{PASSWORD}@127.0.0.1", 1),
        (f"json://127.0.0.1, slack://{PASSWORD}", 2),
        (f"{PASSWORD}, json://127.0.0.1", 1),
        (f"mailto://me:{PASSWORD}@", 1),
        (PASSWORD, 1),
        (" , ", 1),
    ],
)
def test_an_address_that_cannot_be_read_is_named_by_its_number(
    addresses: str, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError) as raised:
        configured(addresses)
    assert str(raised.value).startswith(f"NEO_ALERT_URLS: address {number} is none that Apprise ")
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert PASSWORD not in shown


def test_addresses_are_nowhere_in_what_is_logged_or_raised(
    service: Endpoint,
    mail: Mailbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    down = Endpoint(unused_port())
    shown = ""
    for one in configured(f"{service.address} {mail.address} {down.address}"):
        shown += f"{one!r} {one.name}"
        for status in (200, 403):
            service.status = status
            try:
                one.send(TITLE, BODY)
            except DeliveryError as error:
                shown += "".join(traceback.format_exception(error))
    assert len(service.messages) == 1 and len(mail.messages) == 2 and "403" in shown
    shown += caplog.text + "".join(capfd.readouterr())
    for secret in SECRETS:
        assert secret not in shown
    # What others log is as loud as before.
    logging.getLogger("neo_assets").debug("logged")
    assert "logged" in caplog.text


LOUD = """
import logging, sys
logging.basicConfig(level=1, stream=sys.stderr)
from contextlib import suppress
from neo_assets.automation.delivery import DeliveryError, services
from neo_assets.settings import Settings
for service in services(Settings.from_environment()):
    with suppress(DeliveryError):
        service.send("title", "body")
"""


def test_addresses_are_not_in_the_output_of_a_process_that_logs_everything(
    service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Endpoint(unused_port())
    monkeypatch.setenv("NEO_ALERT_URLS", f"{service.address} {down.address}")
    result = subprocess.run(
        [sys.executable, "-c", LOUD], capture_output=True, text=True, timeout=60, check=True
    )
    assert len(service.messages) == 1
    for secret in SECRETS:
        assert secret not in result.stdout + result.stderr


def test_the_settings_do_not_show_the_addresses(
    service: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_ALERT_URLS", service.address)
    monkeypatch.setenv("NEO_DAYS_AHEAD", "many")
    with suppress(SettingsError):
        Settings.from_environment()
    monkeypatch.delenv("NEO_DAYS_AHEAD")
    settings = Settings.from_environment()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    for secret in SECRETS:
        assert secret not in shown
