"""ClickHouse's own engine, in this process, behind as much of its HTTP interface as exporters and readers use.

    python clickhouse.py PORT FOLDER

`POST /?query=…&setting=…`: the query, or its beginning, in the URL, what follows in the body, in gzip or plain. Errors
come as ClickHouse's server sends them: their words in the body, their number in a header.
"""

import gzip
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

engine = session.Session(sys.argv[2])
lock = threading.Lock()
# Of the server, not of the engine.
HTTP_SETTINGS = {"query", "database", "wait_end_of_query", "default_format"}
STATUS = {60: 404, 81: 404, 516: 403, 497: 403}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"Ok.\n") if self.path == "/ping" else self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        parameters = dict(parse_qsl(urlsplit(self.path).query))
        text = "\n".join(part for part in (parameters.get("query", ""), body.decode()) if part)
        settings = ", ".join(f"{key} = {quoted(value)}" for key, value in parameters.items() if key not in HTTP_SETTINGS)
        if settings and re.match(r"\s*insert\b", text, re.I):
            text = re.sub(r"\bFORMAT\b", lambda found: f"SETTINGS {settings} FORMAT", text, count=1)
        try:
            with lock:
                found = engine.query(text, "TSV").bytes()
            self.answer(200, found)
        except Exception as error:
            words = str(error)
            code = re.search(r"Code: (\d+)\.", words)
            number = int(code.group(1)) if code else 1000
            self.answer(STATUS.get(number, 500), words.encode(), {"X-ClickHouse-Exception-Code": str(number)})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def quoted(value):
    return value if re.fullmatch(r"\d+", value) else "'" + value.replace("'", "") + "'"


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
