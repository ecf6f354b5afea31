"""HTTP/2 frame by frame, for what no client does: tiny windows, calls given up, frames out of order."""
import socket
import struct

import hpack
from hyperframe.frame import (
    DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame, WindowUpdateFrame)

INFER = "/inference.GRPCInferenceService/ModelInfer"


class Stream:
    def __init__(self):
        self.headers, self.data, self.pieces, self.ended, self.reset = [], b"", [], False, None

    @property
    def status(self):
        return dict(self.headers[-1]).get("grpc-status")

    @property
    def message(self):
        """The bytes of the one message of the answer."""
        flag, length = struct.unpack(">BI", self.data[:5])
        assert (flag, length) == (0, len(self.data) - 5)
        return self.data[5:]


class Connection:
    """A connection that renews the server's windows by `renewal` bytes after each piece, if it has one."""

    def __init__(self, address, window=1 << 20, renewal=None):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams, self.goaway, self.next = {}, None, 1
        self.renewal, self.windows = renewal, {0: 65535}
        self.initial = 65535
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: window}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b"".join(frame.serialize() for frame in frames))

    def head(self, path=INFER, *fields, stream=None, end=False):
        """The head of a call, and the id of its stream."""
        if stream is None:
            stream, self.next = self.next, self.next + 2
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                ("content-type", "application/grpc"), ("te", "trailers"), *fields]
        frame = HeadersFrame(stream, data=self.encoder.encode(head), flags=["END_HEADERS"])
        if end:
            frame.flags.add("END_STREAM")
        self.streams[stream] = Stream()
        self.windows[stream] = self.initial
        return frame, stream

    def call(self, message, *fields, path=INFER):
        """Sends a call as a whole; gives its stream."""
        head, stream = self.head(path, *fields)
        self.send(head, data(stream, framed(message), end=True))
        return stream

    def upload(self, stream, body):
        """Sends as much at a time as the server's windows let through."""
        while body:
            room = min(self.windows[0], self.windows[stream], 16384, len(body))
            if room == 0:
                self.receive()
                continue
            self.windows[0] -= room
            self.windows[stream] -= room
            self.send(data(stream, body[:room], end=room == len(body)))
            body = body[room:]

    def read(self, count):
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                raise EOFError
            parts += part
        return parts

    def receive(self):
        """Takes the next frame."""
        frame, length = Frame.parse_frame_header(memoryview(self.read(9)))
        frame.parse_body(memoryview(self.read(length)))
        stream = self.streams.get(frame.stream_id)
        if isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            new = frame.settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, self.initial)
            for id in self.streams:
                self.windows[id] += new - self.initial
            self.initial = new
            self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, WindowUpdateFrame):
            self.windows[frame.stream_id] = self.windows.get(frame.stream_id, 0) + frame.window_increment
        elif isinstance(frame, GoAwayFrame):
            self.goaway = frame
        elif isinstance(frame, RstStreamFrame):
            stream.reset = frame.error_code
        elif isinstance(frame, HeadersFrame):
            stream.headers.append(self.decoder.decode(frame.data))
            stream.ended = "END_STREAM" in frame.flags
        elif isinstance(frame, DataFrame):
            stream.data += frame.data
            stream.pieces.append(len(frame.data))
            if frame.data:
                self.send(WindowUpdateFrame(0, window_increment=len(frame.data)))
            if self.renewal:
                self.send(WindowUpdateFrame(frame.stream_id, window_increment=self.renewal))
        return frame

    def answer(self, stream):
        """The stream when the server has ended it."""
        while not self.streams[stream].ended and self.streams[stream].reset is None:
            self.receive()
        return self.streams[stream]


def framed(message):
    return struct.pack(">BI", 0, len(message)) + message


def data(stream, body, end=False):
    return DataFrame(stream, data=body, flags=["END_STREAM"] if end else [])
