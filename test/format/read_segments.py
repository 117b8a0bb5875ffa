#!/usr/bin/env python3
"""Reads every span of a Spanloom data folder and prints a JSON line for each.

It knows nothing of Spanloom but what docs/format says, to show that those pages are enough. Where the two differ, the
page is to be mended. Needs the standard library, and Brotli's own module for Python (Debian: python3-brotli).

    read_segments.py DATA_FOLDER
"""

import json
import os
import pathlib
import sqlite3
import struct
import sys
import zlib

import brotli

FORMAT = 2
NO_THRESHOLD = 0xFFFF


class Damaged(Exception):
    pass


def check(holds, message):
    if not holds:
        raise Damaged(message)


def inflate(stored, length):
    raw = brotli.decompress(bytes(stored))
    check(len(raw) == length, f"{len(raw)} bytes inflated where {length} were stored")
    return raw


class Source:
    """Bytes that are read from the front. README.md, Conventions."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        end = self.at + size
        check(end <= len(self.data), "bytes end early")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            check(shift < 70, "varint without an end")

    def blob(self):
        return self.take(self.varint())


def varint_bytes(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def unzigzag(value):
    return value // 2 if value % 2 == 0 else -(value + 1) // 2


# --- columnar-parts.md ------------------------------------------------------------------------------------------------


def read_parts(data):
    source = Source(data)
    stored, raw = source.varint(), source.varint()
    head = source.take(stored)
    head = Source(head if stored == raw else inflate(head, raw))
    sizes = []
    for _ in range(head.varint()):
        word = head.varint()
        length, codec = word // 4, word % 4
        sizes.append((length, codec, head.varint() if codec == 2 else length))
    parts = []
    for length, codec, stored in sizes:
        check(codec <= 2, f"codec {codec} of a part")
        data_of = (head if codec == 0 else source).take(stored)
        parts.append(inflate(data_of, length) if codec == 2 else data_of)
    check(source.at == len(source.data), "bytes behind the last part")
    return parts


def numbers(source, count, width_limit):
    base, width = source.varint(), source.u8()
    check(width <= width_limit, f"numbers of {width} bytes")
    values = [base] * count
    for plane in range(width):
        for i, byte in enumerate(source.take(count)):
            values[i] += byte << 8 * plane
    return values


def numbers32(source, count):
    return [value % 2**32 for value in numbers(source, count, 4)]


def numbers53(source, count):
    return numbers(source, count, 7)


def stepped(source, count):
    at = source.u32()
    at += source.u32() << 32
    values = []
    for step in numbers53(source, count):
        at = (at + unzigzag(step)) % 2**64
        values.append(at)
    return values


def halves(source, count):
    low, high = numbers32(source, count), numbers32(source, count)
    return [h << 32 | l for l, h in zip(low, high)]


def u64_column(data, count):
    source = Source(data)
    form = source.u8()
    check(form <= 2, f"form {form} of a U64 column")
    return (numbers32, stepped, halves)[form](source, count)


def plain_values(source, count):
    return [source.take(length) for length in numbers32(source, count)]


def pattern_values(source, count):
    pattern = source.blob()
    zeros = pattern.count(0)
    digits = iter(source.take((zeros * count + 1) // 2).hex().encode())
    return [bytes(byte or next(digits) for byte in pattern) for _ in range(count)]


def values_column(data, count):
    source = Source(data)
    form = source.u8()
    if form == 0:
        return plain_values(source, count)
    if form == 1:
        distinct = plain_values(source, source.varint())
        return [distinct[code] for code in numbers32(source, count)]
    check(form == 2, f"form {form} of a values column")
    return pattern_values(source, count)


# --- indexes ----------------------------------------------------------------------------------------------------------


class Columns:
    """What either index says of the spans of a block."""

    def service_of(self, row):
        return self.strings[self.groups[self.group[row]][0]]

    def threshold_of(self, row):
        at = self.threshold[row]
        return None if at == NO_THRESHOLD else self.strings[at]


def chunks(data, size):
    return [bytes(data[at : at + size]) for at in range(0, len(data), size)]


def padded(size):
    return (size + 3) // 4 * 4


def block_index(data):
    """block-index.md"""
    source = Source(data)
    version, flags, magic = source.u8(), source.u8(), source.take(2)
    check(version == 1 and magic == b"SI" and flags <= 1, "block index of an unknown version")
    count, traces, groups, strings, text, size = (source.u32() for _ in range(6))
    widths = source.take(13)
    source.take(3)
    bases = [source.u32() for _ in range(13)]
    wanted = 96 + 16 * count + 16 * traces + sum(padded(count * w) for w in widths)
    check(len(data) == size == wanted + 20 * groups + 4 * strings + padded(text), "size of a block index")
    columns = Columns()
    columns.count = count
    columns.span_ids = chunks(source.take(8 * count), 8)
    columns.parent_ids = chunks(source.take(8 * count), 8)
    trace_ids = chunks(source.take(16 * traces), 16)
    read = []
    for width, base in zip(widths, bases):
        stored = source.take(padded(count * width))
        each = (int.from_bytes(stored[i * width : (i + 1) * width], "little") for i in range(count))
        read.append([(base + number) % 2**32 for number in each])
    columns.trace_ids = [trace_ids[at] for at in read[0]]
    name, columns.group, columns.kind, columns.status, columns.marks = read[1:6]
    columns.start = [high << 32 | low for low, high in zip(read[6], read[7])]
    columns.end = [high << 32 | low for low, high in zip(read[8], read[9])]
    columns.ranges = list(zip(read[10], read[11]))
    columns.threshold = read[12] if flags & 1 else [NO_THRESHOLD] * count
    columns.groups = [tuple(source.u32() for _ in range(5)) for _ in range(groups)]
    lengths = [source.u32() for _ in range(strings)]
    units = source.take(padded(text))[:text].decode("utf-8").encode("utf-16-le")
    columns.strings = []
    at = 0
    for length in lengths:
        columns.strings.append(units[2 * at : 2 * (at + length)].decode("utf-16-le"))
        at += length
    check(2 * at == len(units), "lengths of strings")
    columns.names = [columns.strings[i] for i in name]
    return columns


def parents_of(codes, far, span_ids, trace):
    of_trace = {}
    for row, number in enumerate(trace):
        of_trace.setdefault(number, []).append(row)
    far = iter(far)
    return [
        bytes(8) if code == 0 else next(far) if code == 1 else span_ids[of_trace[trace[row]][code - 2]]
        for row, code in enumerate(codes)
    ]


def columnar_index(data):
    """columnar-index.md"""
    parts = read_parts(data[1:])
    check(len(parts) == 12, "parts of a columnar index")
    head = Source(parts[0])
    columns = Columns()
    columns.count = count = head.varint()
    traces, strings, groups = head.varint(), head.varint(), head.varint()
    layouts = [tuple(head.varint() for _ in range(6)) for _ in range(groups)]
    has_thresholds = head.u8() == 1
    check(sum(layout[1] for layout in layouts) == count, "spans of the groups")
    trace_ids = chunks(parts[1], 16)
    check(len(trace_ids) == traces, "trace ids")
    trace = numbers32(Source(parts[2]), count)
    columns.trace_ids = [trace_ids[at] for at in trace]
    columns.span_ids = chunks(parts[3], 8)
    columns.parent_ids = parents_of(numbers32(Source(parts[4]), count), chunks(parts[5], 8), columns.span_ids, trace)
    names = numbers32(Source(parts[6]), count)
    flags = Source(parts[7])
    columns.kind, columns.status, columns.marks = (numbers32(flags, count) for _ in range(3))
    columns.threshold = numbers32(flags, count) if has_thresholds else [NO_THRESHOLD] * count
    starts = Source(parts[8])
    columns.start = stepped(starts, count) if starts.u8() == 1 else halves(starts, count)
    durations = Source(parts[9])
    if durations.u8() == 1:
        steps = numbers53(durations, count)
        columns.end = [(start + unzigzag(step)) % 2**64 for start, step in zip(columns.start, steps)]
    else:
        columns.end = halves(durations, count)
    lengths = numbers32(Source(parts[10]), count)
    texts = Source(parts[11])
    columns.strings = [texts.blob().decode("utf-8") for _ in range(strings)]
    columns.names = [columns.strings[i] for i in names]
    columns.group = [number for number, layout in enumerate(layouts) for _ in range(layout[1])]
    columns.groups, columns.ranges = lay_out(layouts, lengths)
    return columns


def lay_out(layouts, lengths):
    def field(size):
        return 1 + len(varint_bytes(size)) + size

    groups, ranges = [], []
    at = row = 0
    for service, spans, resource_head, resource_tail, scope_head, scope_tail in layouts:
        of_group = lengths[row : row + spans]
        row += spans
        scope = scope_head + sum(map(field, of_group)) + scope_tail
        resource = resource_head + field(scope) + resource_tail
        rs = at + 1 + len(varint_bytes(resource))
        ss = rs + resource_head + 1 + len(varint_bytes(scope))
        at = ss + scope_head
        for length in of_group:
            start = at + 1 + len(varint_bytes(length))
            at = start + length
            ranges.append((start, at))
        at = rs + resource
        groups.append((service, rs, rs + resource, ss, ss + scope))
    return groups, ranges


# --- columnar-body.md -------------------------------------------------------------------------------------------------


def field_bytes(tag, message):
    return varint_bytes(tag) + varint_bytes(len(message)) + message


class ColumnarBody:
    def __init__(self, stored, columns):
        self.columns = columns
        self.parts = parts = read_parts(stored)
        table = Source(parts[1])
        self.tokens = []
        self.streams = []
        next_part = 3
        for _ in range(table.varint()):
            word, tag, value_tag, key, count = (
                table.u8(),
                table.varint(),
                table.u8(),
                table.blob(),
                table.varint(),
            )
            context, kind = word // 16, word % 16
            check(context <= 3 and kind <= 10, f"token of context {context} and kind {kind}")
            self.tokens.append((context, kind, tag, value_tag, key))
            if kind in (8, 9):
                self.streams.append(None)
                continue
            column = values_column if kind in (3, 5, 10) else u64_column
            self.streams.append(iter(column(parts[next_part], count)))
            next_part += 1
        check(next_part == len(parts), "parts of a columnar body")
        self.shapes = [[table.varint() for _ in range(table.varint())] for _ in range(table.varint())]

    def whole(self):
        """The TracesData message."""
        columns = self.columns
        shapes = numbers32(Source(self.parts[2]), columns.count)
        frames = Source(self.parts[0])
        out = []
        row = 0
        for number in range(len(columns.groups)):
            resource_head, resource_tail, scope_head, scope_tail = (frames.blob() for _ in range(4))
            spans = []
            while row < columns.count and columns.group[row] == number:
                spans.append(field_bytes(0x12, self.message(shapes[row], row)))
                row += 1
            scope = scope_head + b"".join(spans) + scope_tail
            out.append(field_bytes(0x0A, resource_head + field_bytes(0x12, scope) + resource_tail))
        return b"".join(out) + frames.blob()

    def message(self, shape, row):
        return b"".join(self.field(token, row) for token in self.shapes[shape])

    def field(self, number, row):
        context, kind, tag, value_tag, key = self.tokens[number]
        if kind == 9:
            return varint_bytes(tag) + self.from_column(context, tag, row)
        entry = None if kind == 8 else next(self.streams[number])
        if kind == 10:
            return entry
        if kind == 0:
            return varint_bytes(tag) + varint_bytes(entry)
        if kind == 1:
            return varint_bytes(tag) + struct.pack("<Q", entry)
        if kind == 2:
            return varint_bytes(tag) + struct.pack("<I", entry % 2**32)
        if kind == 3:
            return field_bytes(tag, entry)
        if kind == 4:
            return field_bytes(tag, self.message(entry, row))
        if kind == 8:
            value = b""
        elif kind == 5:
            value = field_bytes(value_tag, entry)
        elif kind == 6:
            value = varint_bytes(value_tag) + varint_bytes(entry)
        else:
            value = varint_bytes(value_tag) + struct.pack("<Q", entry)
        return field_bytes(tag, field_bytes(0x0A, key) + field_bytes(0x12, value))

    def from_column(self, context, tag, row):
        columns = self.columns
        if (context, tag) == (3, 0x18):
            return varint_bytes(columns.status[row])
        check(context == 0, "column of another message")
        if tag in (0x0A, 0x12, 0x22):
            value = {0x0A: columns.trace_ids, 0x12: columns.span_ids, 0x22: columns.parent_ids}[tag][row]
            return varint_bytes(len(value)) + value
        if tag == 0x2A:
            name = columns.names[row].encode("utf-8")
            return varint_bytes(len(name)) + name
        if tag == 0x30:
            return varint_bytes(columns.kind[row])
        return struct.pack("<Q", {0x39: columns.start, 0x41: columns.end}[tag][row])


# --- bloom.md ---------------------------------------------------------------------------------------------------------

MASK = 2**32 - 1


def finished(h):
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def hash_of(data):
    h = 0x811C9DC5
    for byte in data:
        h = (h ^ byte) * 0x01000193 & MASK
    return finished(h)


def attribute_hash(key, text):
    return hash_of(key.encode("utf-8") + b"\0" + text.encode("utf-8"))


def first_may_contain(data, wanted):
    check(data[0] == 1 and len(data) >= 4, "first filter of a bloom")
    bits = 8 * (len(data) - 4)
    if bits == 0:
        return False
    s = (wanted ^ wanted >> 15) * 0x2C1B3C6D & MASK
    s = (s ^ s >> 12) * 0x297A2D39 & MASK
    step = (s ^ s >> 15) | 1
    h = wanted
    for _ in range(data[1]):
        bit = h * bits >> 32
        if not data[4 + bit // 8] >> bit % 8 & 1:
            return False
        h = h + step & MASK
    return True


def second_may_contain(data, wanted):
    p = (wanted ^ wanted >> 16) * 0x7FEB352D & MASK
    p = (p ^ p >> 15) * 0x846CA68B & MASK
    p ^= p >> 16
    first, second = struct.unpack_from("<2I", data, 8 * (p * (len(data) // 8) >> 32))
    b = (wanted ^ wanted >> 13) * 0xC2B2AE3D & MASK
    b = ((b ^ b >> 16) * 0x27D4EB2F & MASK) >> 8
    return all(word >> (b >> shift & 31) & 1 for word, shift in ((first, 0), (first, 5), (second, 10), (second, 15)))


def may_contain(bloom, wanted):
    if bloom[0] == 1:
        return first_may_contain(bloom, wanted)
    check(bloom[0] == 2, f"bloom of version {bloom[0]}")
    end = 8 + int.from_bytes(bloom[4:8], "little")
    return first_may_contain(bloom[8:end], wanted) and second_may_contain(bloom[end:], wanted)


def check_bloom(bloom, columns):
    """The bloom knows the trace id and the service of every span."""
    for trace_id in set(columns.trace_ids):
        check(may_contain(bloom, hash_of(trace_id)), "a bloom without a trace id")
    for i in set(columns.group):
        service = columns.strings[columns.groups[i][0]]
        named = service == "unknown_service" or may_contain(bloom, attribute_hash("service.name", service))
        check(named, "a bloom without a service")


# --- segment.md -------------------------------------------------------------------------------------------------------

BLOCK = """SELECT row, sequence, spans, spans_through, min_start, max_start, max_end, received_ms, codec, raw_length,
  head_crc, body_crc, index_blob, bloom, body FROM block ORDER BY row"""


def without_field(message, number):
    """The fields of a protobuf message but those of one number, as they stand."""
    source = Source(message)
    kept = []
    while source.at < len(message):
        start = source.at
        tag = source.varint()
        wire = tag & 7
        if wire == 0:
            source.varint()
        elif wire == 2:
            source.blob()
        else:
            check(wire in (1, 5), f"wire type {wire}")
            source.take(8 if wire == 1 else 4)
        if tag >> 3 != number:
            kept.append(message[start : source.at])
    return b"".join(kept)


def read_block(block):
    """The columns and the decoded body of a block, both checksums compared."""
    *fixed, head_crc, body_crc, index, bloom, body = block
    crc = zlib.crc32(struct.pack("<4d3Q3d", *fixed) + index + bloom)
    check(crc == head_crc, "checksum of the head")
    check(zlib.crc32(body, crc) == body_crc, "checksum of the body")
    check(index[0] in (0x01, 0xC1), f"index begins with {index[0]}")
    columns = block_index(index) if index[0] == 0x01 else columnar_index(index)
    codec, raw_length = fixed[8], fixed[9]
    check(codec in (0, 1, 2), f"codec {codec}")
    if codec == 2:
        body = ColumnarBody(body, columns).whole()
    elif codec == 1:
        body = inflate(body, raw_length)
    check(len(body) == raw_length, "length of the body")
    check(columns.count == fixed[2], "number of spans")
    check_bloom(bloom, columns)
    return columns, body


def spans_of(db, entry, tombstones):
    _, position, rows, state, applied = entry
    through = {}
    for number, trace_id, sequence in tombstones:
        if number > applied:
            through[trace_id] = max(sequence, through.get(trace_id, 0))
    last = 0
    for block in db.execute(BLOCK):
        row, sequence = block[0], block[1]
        check(row == last + 1, f"row {row} follows row {last}")
        last = row
        columns, body = read_block(block)
        around = [
            (without_field(body[rs:rs_end], 2), without_field(body[ss:ss_end], 2))
            for _, rs, rs_end, ss, ss_end in columns.groups
        ]
        for i, (start, end) in enumerate(columns.ranges):
            if sequence <= through.get(columns.trace_ids[i], 0):
                continue
            resource, scope = around[columns.group[i]]
            yield {
                "position": position,
                "block": row,
                "index": i,
                "codec": block[8],
                "traceId": columns.trace_ids[i].hex(),
                "spanId": columns.span_ids[i].hex(),
                "parentId": columns.parent_ids[i].hex(),
                "service": columns.service_of(i),
                "name": columns.names[i],
                "kind": columns.kind[i],
                "status": columns.status[i],
                "marks": columns.marks[i],
                "threshold": columns.threshold_of(i),
                "start": str(columns.start[i]),
                "end": str(columns.end[i]),
                "receivedMs": block[7],
                "span": body[start:end].hex(),
                "resource": resource.hex(),
                "scope": scope.hex(),
            }
    check(state != "closed" or last == rows, f"{last} blocks where the catalog says {rows}")


# --- folder-and-catalog.md --------------------------------------------------------------------------------------------


def open_read_only(path):
    return sqlite3.connect(pathlib.Path(path).absolute().as_uri() + "?mode=ro", uri=True)


def check_format(db, path):
    (version,) = db.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
    if int(version) > FORMAT:
        sys.exit(f"{path} has format {version}, and this program knows formats up to {FORMAT}")


def row_checksum(values):
    """Of integers, texts, NULLs and BLOBs; none of the rows read here holds a REAL."""
    plain = [value.hex() if isinstance(value, bytes) else value for value in values]
    return zlib.crc32(json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def read_catalog(db):
    entries = []
    for *values, crc in db.execute(
        """SELECT id, state, created_ms, rows, spans, bytes, min_received_ms, max_received_ms, last_sequence,
           spans_through, position, sealed, tombstones, crc FROM segment ORDER BY position, id"""
    ):
        check(crc is None or crc == row_checksum(values), f"row of segment {values[0]}")
        if values[1] in ("open", "closed"):
            entries.append((values[0], values[10], values[3], values[1], values[12]))
    tombstones, listed = [], []
    for *values, crc in db.execute("SELECT id, trace_id, through, created_ms, crc FROM tombstone ORDER BY id"):
        check(crc is None or crc == row_checksum(values), f"tombstone {values[0]}")
        tombstones.append(tuple(values[:3]))
        listed += [values[0], crc]
    stored = db.execute("SELECT value FROM meta WHERE key = 'tombstones_crc'").fetchone()
    check(stored is None or int(stored[0]) == row_checksum(listed), "list of tombstones")
    return entries, tombstones


def main(folder):
    path = os.path.join(folder, "catalog.db")
    catalog = open_read_only(path)
    check_format(catalog, path)
    entries, tombstones = read_catalog(catalog)
    for entry in entries:
        path = os.path.join(folder, "segments", f"{entry[0]:08d}.db")
        db = open_read_only(path)
        check_format(db, path)
        for span in spans_of(db, entry, tombstones):
            print(json.dumps(span, ensure_ascii=True))
        db.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
