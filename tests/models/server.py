"""A real HTTP server that speaks OpenAI's chat protocol and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Piece = str | float | bytes | Mapping[str, Any] | None
Answer = str | tuple[int, str] | Mapping[str, Any] | float | list[Piece]
"""What a request is answered with: a text; a status and a body; a choice; seconds to sleep before the next answer; or a
stream: pieces of text, seconds to sleep, raw lines, choices of chunks; None at the end: it is cut there, in the protocol."""


class Server:
    """``answers(request number, request) -> Answer``. Use as a context manager; ``url`` is the base url."""

    def __init__(self, answers: Callable[[int, dict[str, Any]], Answer]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.finished = self.left = 0
        server, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    server.requests.append(request)
                    number = len(server.requests) - 1
                answer = answers(number, request)
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = '{"late": true}'
                if isinstance(answer, list):
                    try:
                        self._stream(answer)
                    except OSError:  # the client has hung up
                        with lock:
                            server.left += 1
                    return
                status, body = _body(answer)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                    with lock:
                        server.finished += 1
                except OSError:  # the client has hung up
                    pass

            def _stream(self, pieces: list[Piece]) -> None:
                self.protocol_version = "HTTP/1.1"
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.send_header("Connection", "close")
                self.end_headers()
                for piece in pieces:
                    if piece is None:
                        self.close_connection = True
                        return
                    if isinstance(piece, float):
                        time.sleep(piece)
                        continue
                    line = piece if isinstance(piece, bytes) else b"data: " + json.dumps(_chunk(piece)).encode() + b"\n\n"
                    self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")
                with lock:
                    server.finished += 1

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


END: list[Piece] = [
    {"finish_reason": "stop", "delta": {}},
    b'data: {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [], '
    b'"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}\n\n',
    b"data: [DONE]\n\n",
]
"""The end of a stream as it should be."""


def _chunk(piece: str | Mapping[str, Any]) -> dict[str, Any]:
    delta = {"content": piece} if isinstance(piece, str) else {}
    choice: dict[str, Any] = {"index": 0, "finish_reason": None, "delta": delta}
    if isinstance(piece, Mapping):
        choice.update(piece)
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def _body(answer: Answer) -> tuple[int, bytes]:
    if isinstance(answer, tuple):
        return answer[0], answer[1].encode()
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None}}
    if isinstance(answer, str):
        choice["message"]["content"] = answer
    elif isinstance(answer, Mapping):
        choice.update(answer)
    made = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
    return 200, json.dumps(made).encode()
