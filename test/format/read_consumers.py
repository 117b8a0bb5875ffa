#!/usr/bin/env python3
"""Reads cursors, rates and calls from consumers.db of a Spanloom data folder and prints them as JSON.

It knows nothing of Spanloom but what docs/format/consumers.md says. Needs the standard library.

    read_consumers.py DATA_FOLDER
"""

import json
import pathlib
import sqlite3
import struct
import sys
import zlib


class Damaged(Exception):
    pass


def check(holds, message):
    if not holds:
        raise Damaged(message)


def json_text(values):
    """As README.md says of row checksums; whole REALs are written without a fraction."""
    plain = [int(v) if isinstance(v, float) and v.is_integer() and abs(v) < 2**53 else v for v in values]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


class Numbers:
    """Packed numbers."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        check(self.at + size <= len(self.data), "numbers end early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self):
        byte = self.take(1)[0]
        if byte == 0:
            return struct.unpack("<d", self.take(8))[0]
        value, shift = byte & 0x7F, 7
        while byte >= 0x80:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
        check(value % 2 == 1, "not a packed number")
        return -(value // 4) if value % 4 == 3 else value // 4

    def text(self):
        return self.take(self.number()).decode("utf-8")

    def histogram(self):
        scale, zeros, offset, buckets = (self.number() for _ in range(4))
        base = 2 ** (2**-scale)
        counts = []
        while len(counts) < buckets:
            count = self.number()
            counts.append(count)
            if count == 0:
                counts += [0] * self.number()
        check(len(counts) == buckets, "buckets")
        bounds = [
            [base ** (offset + i), base ** (offset + i + 1), count] for i, count in enumerate(counts) if count != 0
        ]
        return {"scale": scale, "zeros": zeros, "buckets": bounds}


def checked(data, place):
    numbers = Numbers(data)
    version = numbers.number()
    check(version in (1, 2), f"version {version}")
    if version == 2:
        (crc,) = struct.unpack("<I", data[-4:])
        check(crc == zlib.crc32(json_text(place) + data[:-4]), f"checksum of {place}")
        numbers.data = data[:-4]
    return numbers


def cells(data, place):
    numbers = checked(data, place)
    read = []
    for _ in range(numbers.number()):
        key = numbers.text()
        calls, errors, spans, unscaled = (numbers.number() for _ in range(4))
        read.append(
            {
                "kind": int(key[0]),
                "operation": key[1:],
                "calls": calls,
                "errors": errors,
                "spans": spans,
                "unscaled": unscaled,
                "durations": numbers.histogram(),
            }
        )
    check(numbers.at == len(numbers.data), "bytes behind the last cell")
    return read


def read_cursors(db):
    columns = "name, segment, row, sequence, spans_through, delivered, rejected, lost, retries"
    rows = db.execute(f"SELECT {columns} FROM consumer ORDER BY name").fetchall()
    stored = db.execute("SELECT value FROM meta WHERE key = 'cursors_crc'").fetchone()
    listed = zlib.crc32(json_text([value for row in rows for value in row]))
    check(stored is None or int(stored[0]) == listed, "checksum of the cursors")
    names = columns.split(", ")
    return [dict(zip(names, row)) for row in rows]


def read_places(db):
    places = db.execute("SELECT service, place, crc FROM service_place ORDER BY place").fetchall()
    for *values, crc in places:
        check(crc == zlib.crc32(json_text(values)), f"checksum of the place of {values[0]}")
    return [service for service, _, _ in places]


def read_red(db):
    rows = []
    for width, service, bucket, totals, operations in db.execute(
        "SELECT width, service, bucket, totals, operations FROM red"
    ):
        rows.append(
            {
                "width": width,
                "service": service,
                "bucket": bucket,
                "totals": cells(totals, [width, service, bucket, "totals"]),
                "operations": cells(operations, [width, service, bucket, "operations"]),
            }
        )
    return rows


def read_calls(db):
    rows = []
    for hour, parent, child, calls, errors, crc, durations in db.execute(
        """SELECT c.hour, c.parent, c.child, c.calls, c.errors, c.crc, d.durations FROM dependency c
           LEFT JOIN dependency_duration d ON d.hour = c.hour AND d.parent = c.parent AND d.child = c.child"""
    ):
        check(crc is None or crc == zlib.crc32(json_text([hour, parent, child, calls, errors])), "checksum of calls")
        row = {"hour": hour, "parent": parent, "child": child, "calls": calls, "errors": errors}
        if durations is not None:
            row["durations"] = checked(durations, [hour, parent, child]).histogram()
        rows.append(row)
    return rows


def read_received(db):
    rows = []
    for aggregate, hour, received_ms, minutes, crc in db.execute(
        "SELECT aggregate, hour, received_ms, minutes, crc FROM received_hour ORDER BY aggregate, hour"
    ):
        listed = zlib.crc32(json_text([aggregate, hour, received_ms, minutes]))
        check(crc == listed, f"checksum of {aggregate} in hour {hour}")
        rows.append({"aggregate": aggregate, "hour": hour, "received_ms": received_ms, "minutes": minutes})
    return rows


def main(folder):
    path = pathlib.Path(folder, "consumers.db").absolute()
    db = sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)
    print(
        json.dumps(
            {
                "cursors": read_cursors(db),
                "red": read_red(db),
                "received": read_received(db),
                "calls": read_calls(db),
                "places": read_places(db),
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
