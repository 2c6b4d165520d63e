"""Municipalities that send as fast as they are answered, or at a steady rate: 転居 of their residents, over mutual TLS 1.3.

    posting.py FOLDER PORT SECONDS BATCH RATE < residents, one JSON record a line, an empty one; a line to begin; the end

A process of its own, so that what sending costs is not taken for what the register costs; it is kept small: one thread and one
connection a municipality, bodies made just before they leave. First every resident is moved in. With RATE (notices a second,
all municipalities together) batches leave at fixed moments whether or not earlier ones were answered in time; a wait counts from the
moment at which a batch should have left. Prints one JSON object.
"""

import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPResponse
from pathlib import Path

import msgspec
from msgspec.structs import replace

from daemon.clock import SystemClock, day_of
from daemon.contract.codec import encode
from daemon.contract.peer import NOTICES, HonninNotice, NoticeBatch
from daemon.register.dates import of_day
from daemon.register.rows import HonninRecord, Register, RegisterDate
from daemon.rehearsal.pki import PEER_NAMES, Pki
from daemon.rehearsal.tls import client_context

OK = 200
BUSY = (429, 503)


def moves_in(residents: Sequence[HonninRecord], batch: int) -> Iterator[bytes]:
    """Everybody's first notice."""
    notices = [HonninNotice(id=f"in-{one.juminhyo_code}", sender_seq=1, record=one) for one in residents]
    return (encode(NoticeBatch(notices[at : at + batch])) for at in range(0, len(notices), batch))


def moves(residents: Sequence[HonninRecord], batch: int, day: date) -> Iterator[bytes]:
    """転居 without end, everybody in turn; each as long as the last."""
    on, turn = of_day(day), 1
    while True:
        turn += 1
        for at in range(0, len(residents) - batch + 1, batch):
            yield encode(NoticeBatch([_move(one, turn, on) for one in residents[at : at + batch]]))


def _move(one: HonninRecord, turn: int, on: RegisterDate) -> HonninNotice:
    record = replace(one, reason="31", event_date=on, address=f"{one.address}の{turn:04}")
    return HonninNotice(id=f"{turn}-{one.juminhyo_code}", sender_seq=turn, record=record)


@dataclass
class City:
    """One municipality: its residents, and how its sending went."""

    code: str
    connection: ssl.SSLSocket
    residents: list[HonninRecord]
    day: date
    waits: list[float] = field(default_factory=list)
    sent: int = 0
    busy: int = 0

    def post(self, body: bytes, batch: int, since: float) -> None:
        """One request, again where the register is busy; `since` is when it should have left."""
        head = f"POST {NOTICES.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        while True:
            self.connection.sendall(head.encode() + body)
            with HTTPResponse(self.connection, method="POST") as answer:
                answer.begin()
                content = answer.read()
            if answer.status not in BUSY:
                break
            self.busy += 1
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status != OK or content.count(b'"applied"') != batch:
            raise SystemExit(f"not applied: {answer.status} {content[:300]!r}")
        self.waits.append(time.perf_counter() - since)
        self.sent += batch


def connected(folder: Path, port: int, code: str) -> ssl.SSLSocket:
    """A municipality's connection."""
    pki = Pki(folder / "pki")
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = client_context(pki.municipality(code), pki.register_ca)
    return tls.wrap_socket(line, server_hostname=PEER_NAMES[Register.HONNIN])


def flow(cities: Sequence[City], seconds: float, batch: int, rate: float) -> float:
    """Everybody sends for so long; how long it took until the last answer."""
    began = time.perf_counter()
    gap = batch * len(cities) / rate if rate else 0.0

    def send(city: City, number: int) -> None:
        bodies = moves(city.residents, batch, city.day)
        due = began + gap * number / len(cities)
        while (now := time.perf_counter()) < began + seconds:
            if gap:
                if due > now:
                    time.sleep(due - now)
                city.post(next(bodies), batch, due)
                due += gap
            else:
                city.post(next(bodies), batch, now)

    _all([threading.Thread(target=send, args=(city, number)) for number, city in enumerate(cities)])
    return time.perf_counter() - began


def _all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Entry point."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    seconds, batch, rate = float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    residents: dict[str, list[HonninRecord]] = {}
    for line in iter(sys.stdin.buffer.readline, b"\n"):
        record = msgspec.json.decode(line, type=HonninRecord)
        residents.setdefault(record.municipality, []).append(record)
    today = day_of(SystemClock().now())
    cities = [
        City(code, connected(folder, port, code), people, today)
        for code, people in sorted(residents.items())
        if len(people) >= batch
    ]

    def fill(city: City) -> None:
        for body in moves_in(city.residents, batch):
            city.post(body, body.count(b'"sender_seq"'), time.perf_counter())

    began = time.perf_counter()
    _all([threading.Thread(target=fill, args=(city,)) for city in cities])
    filled, filling = sum(city.sent for city in cities), time.perf_counter() - began
    sys.stdout.write(json.dumps({"filled": filled, "seconds": round(filling, 1)}) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.readline()
    for city in cities:
        city.waits, city.sent = [], 0
    took = flow(cities, seconds, batch, rate)
    waits = sorted(wait for city in cities for wait in city.waits)
    told = {
        "senders": len(cities), "notices": sum(city.sent for city in cities), "seconds": round(took, 1),
        "busy": sum(city.busy for city in cities),
        **{name: round(waits[int(len(waits) * at)] * 1000, 1) for name, at in (("p50", 0.5), ("p99", 0.99))},
        "max": round(waits[-1] * 1000, 1),
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    # Until then somebody may ask what it cost.
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
