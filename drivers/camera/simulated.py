"""A simulated IP camera: one picture as motion JPEG over HTTP, on the loopback address.

It is read by the same OpenCV that reads a real one. A picture is encoded once, when it is shown, and sent again at
the camera's rate, so several cameras in one process cost little. Unplugged, it closes its connections and its port;
plugged in again it comes back under the same address.
"""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
from numpy.typing import NDArray

_BOUNDARY = "frame"
_QUALITY = 85


class SimulatedIpCamera:
    """Serves what `show` was given last, until `unplug` or `close`."""

    def __init__(self, picture: NDArray[np.uint8], *, fps: float = 8.0) -> None:
        self._fps = fps
        self._changed = threading.Condition()
        self._jpeg = _encoded(picture)
        self._sent = 0
        self._viewers = 0
        self._is_plugged = False
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.plug()

    @property
    def url(self) -> str:
        """Where the stream is; the same for the whole life of the camera."""
        return f"http://127.0.0.1:{self._port}/stream.mjpg"

    @property
    def viewers(self) -> int:
        """How many readers are connected."""
        return self._viewers

    @property
    def sent(self) -> int:
        """Frames sent, over all readers."""
        return self._sent

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Put another picture before the camera."""
        self.show_bytes(_encoded(picture))

    def show_bytes(self, jpeg: bytes) -> None:
        """Send these bytes as frames, whatever they are: a damaged frame is a fault that a real line makes."""
        with self._changed:
            self._jpeg = jpeg
            self._changed.notify_all()

    def wait_sent(self, frames: int, timeout_s: float) -> bool:
        """Wait until so many more frames were sent, and tell whether they were."""
        with self._changed:
            goal = self._sent + frames
            return self._changed.wait_for(lambda: self._sent >= goal or not self._is_plugged, timeout_s) and (
                self._is_plugged
            )

    def plug(self) -> None:
        """Listen, on the port of the first time."""
        if self._is_plugged:
            return
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler(), bind_and_activate=False)
        self._server.allow_reuse_address = True
        self._server.daemon_threads = True
        self._server.server_bind()
        self._server.server_activate()
        self._port = self._server.server_address[1]
        self._is_plugged = True
        # The poll interval is how long an unplug takes.
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="ip-camera", daemon=True).start()

    def unplug(self) -> None:
        """Close every connection and the port."""
        with self._changed:
            self._is_plugged = False
            self._changed.notify_all()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def close(self) -> None:
        """Remove the camera for good."""
        self.unplug()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            """One reader."""

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                self.end_headers()
                camera._stream(self)

            def log_message(self, *arguments: object) -> None:
                """A camera keeps no log."""

        return Handler

    def _stream(self, reader: BaseHTTPRequestHandler) -> None:
        with self._changed:
            self._viewers += 1
        try:
            while jpeg := self._next():
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                reader.wfile.write(head.encode() + jpeg + b"\r\n")
                with self._changed:
                    self._sent += 1
                    self._changed.notify_all()
        except OSError:
            # The reader went away, as readers do.
            pass
        finally:
            with self._changed:
                self._viewers -= 1

    def _next(self) -> bytes:
        """Wait for the time of the next frame and return it; nothing if the camera is unplugged."""
        until = time.monotonic() + 1 / self._fps
        with self._changed:
            while self._is_plugged and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return self._jpeg if self._is_plugged else b""


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    is_done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not is_done:
        raise ValueError("no picture")
    return jpeg.tobytes()
