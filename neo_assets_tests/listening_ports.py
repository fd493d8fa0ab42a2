"""The TCP ports on which processes listen, as the kernel lists them."""

import socket
import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

_LISTENING = "0A"


def listening_addresses(process: int) -> set[tuple[str, int]]:
    """Address and port of every TCP socket that the process accepts connections on."""
    inodes = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(descriptor.readlink()))
    return {
        (address, port)
        for table in ("tcp", "tcp6")
        for address, port, inode in _listening(Path(f"/proc/{process}/net/{table}"))
        if f"socket:[{inode}]" in inodes
    }


def _listening(table: Path) -> list[tuple[str, int, str]]:
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    return [
        (_address(row[1].split(":")[0]), int(row[1].split(":")[1], 16), row[9])
        for row in rows
        if row[3] == _LISTENING
    ]


def _address(words: str) -> str:
    """An address as people write it, from the kernel's 32-bit words in the machine's byte order."""
    content = b"".join(
        struct.pack("=I", int(words[start : start + 8], 16)) for start in range(0, len(words), 8)
    )
    if len(content) == 4:
        return str(IPv4Address(content))
    mapped = IPv6Address(content).ipv4_mapped
    return str(mapped or socket.inet_ntop(socket.AF_INET6, content))
