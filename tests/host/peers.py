"""peers.py - the other ends of doors: where tools/setup has put them, and a WebSocket client
that says exactly the bytes a test wants."""

import base64
import os
import shutil
import socket
import struct
import subprocess
import time

from world import PATIENCE, Failure, Skip, check

ROOT = os.environ.get("SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def program(name):
    """A program of the system, or of a Debian package that is unpacked below build/."""
    for path in (shutil.which(name), f"/usr/sbin/{name}",
                 f"{ROOT}/build/unpacked/usr/sbin/{name}",
                 f"{ROOT}/build/unpacked/usr/bin/{name}"):
        if path and os.access(path, os.X_OK):
            return path
    raise Skip(f"{name} is not here, nor below build/unpacked")


def relay(w, *args, **environment):
    """relay.mjs, by npm's ws; returns its port."""
    modules = f"{ROOT}/build/npm/node_modules/ws"
    if not shutil.which("node") or not os.path.isdir(modules):
        raise Skip("npm's ws is not below build/npm")
    p = spawn(w, ["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.mjs"),
                  modules, *args], stdout=subprocess.PIPE, env={**os.environ, **environment})
    line = p.stdout.readline()
    check(line.strip().isdigit(), "the relay did not begin:", line)
    return int(line)


class Spawned:
    """Something that is no leno, ended with its world."""

    def __init__(self, p):
        self.p = p


def spawn(w, args, **more):
    p = subprocess.Popen(args, stdin=subprocess.DEVNULL, **more)
    w.processes.append(Spawned(p))
    return p


def wait_port(port, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failure(f"nobody listens at port {port}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def port_of(uri):
    return int(uri.split("://")[1].split("/")[0].rsplit(":", 1)[1])


def read_all(s, most=1 << 30):
    """All until the other end ends."""
    data = bytearray()
    try:
        while len(data) < most:
            piece = s.recv(65536)
            if not piece:
                break
            data += piece
    except ConnectionResetError:
        pass
    return bytes(data)


def ask(port, request, seconds=PATIENCE):
    """Says these bytes, and returns all that is answered until the end."""
    with socket.create_connection(("127.0.0.1", port), seconds) as s:
        s.settimeout(seconds)
        s.sendall(request if isinstance(request, bytes) else request.encode())
        return read_all(s)


def get(port, path, *fields, method="GET"):
    """(status, {field: value}, body)"""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *fields, "", ""]
    head, _, body = ask(port, "\r\n".join(lines)).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    named = dict(line.split(": ", 1) for line in rest)
    return int(first.split(" ")[1]), named, body


class WebSocket:
    """A client, masked as the RFC wants unless a test wants otherwise."""

    def __init__(self, port, *fields, path="/", host=None):
        self.s = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.s.settimeout(PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall("\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}",
                                    "Upgrade: websocket", "Connection: Upgrade",
                                    f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                                    *fields, "", ""]).encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            piece = self.s.recv(1)
            if not piece:
                break
            self.head += piece
        self.status = int(self.head.split(b" ")[1]) if self.head else 0

    def send(self, opcode, data=b"", first=0x80, mask=b"mask"):
        n = len(data)
        size = bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else \
            b"\x7f" + struct.pack(">Q", n)
        if mask:
            size = bytes([size[0] | 0x80]) + size[1:] + mask
            data = bytes(c ^ mask[i % 4] for i, c in enumerate(data))
        self.s.sendall(bytes([first | opcode]) + size + data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.s.recv(n - len(data))
            if not piece:
                raise Failure(f"it ended after {data}")
            data += piece
        return data

    def receive(self):
        """(opcode, data) of the next frame."""
        first, size = self.exactly(2)
        check(first & 0x80 and not size & 0x80, "a whole frame that is not masked")
        if size == 126:
            size = struct.unpack(">H", self.exactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.exactly(8))[0]
        return first & 0x0f, self.exactly(size)

    def close_code(self):
        """The code of the close that comes, after which the other side ends."""
        while True:
            opcode, data = self.receive()
            if opcode == 8:
                break
        check(read_all(self.s) == b"", "a frame after the close")
        self.s.close()
        return struct.unpack(">H", data)[0] if data else None
