"""An HTTP server on loopback with configurable responses."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The fetcher limits 127.0.0.1 and 127.0.0.2 separately: a server on all addresses is several hosts.
EVERY_ADDRESS = "0.0.0.0"

Answer = Callable[[BaseHTTPRequestHandler], None]


class ImageServer:
    """`answers` maps a path to bytes (status 200), a status, or a function that handles the request."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_port
        host = str(server.server_address[0])
        self.url = f"http://{host if host != EVERY_ADDRESS else '127.0.0.1'}:{self.port}"
        self.answers: dict[str, bytes | int | Answer] = {}
        self.default: Callable[[str], bytes | int | Answer] = lambda _: 404
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self.connections: set[tuple[str, int]] = set()


def reply(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def redirect(to: str) -> Answer:
    return lambda request: reply(request, 302, Location=to)


@contextmanager
def serving(address: str = "127.0.0.1", port: int = 0) -> Iterator[ImageServer]:
    """Serve in a thread; port 0 is any free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            images.asked[self.path] += 1
            images.headers[self.path] = dict(self.headers.items())
            images.connections.add(self.client_address)
            answer = images.answers.get(self.path)
            if answer is None:
                answer = images.default(self.path)
            if isinstance(answer, bytes):
                reply(self, 200, answer)
            elif isinstance(answer, int):
                reply(self, answer)
            else:
                answer(self)

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    images = ImageServer(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield images
    finally:
        server.shutdown()
        server.server_close()
