"""proxy.py - a slow path between two processes: TCP on loopback, so many bytes a second,
that can be cut."""

import socket
import threading
import time

PIECE = 16 * 1024


class Proxy:
    """Listens at .uri; each connection leads to the port of `target` (a URI)."""

    def __init__(self, target, rate):
        host, _, port = target.removeprefix("tcp://").rpartition(":")
        self.target = (host, int(port))
        self.rate = rate
        self.sockets = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            try:
                there = socket.create_connection(self.target)
            except OSError:
                here.close()
                continue
            for s in (here, there):
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE)
            with self.lock:
                self.sockets += [here, there]
            for a, b in ((here, there), (there, here)):
                threading.Thread(target=self.carry, args=(a, b), daemon=True).start()

    def carry(self, a, b):
        try:
            while True:
                data = a.recv(PIECE)
                if not data:
                    break
                b.sendall(data)
                time.sleep(len(data) / self.rate)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        """Breaks what is connected now."""
        with self.lock:
            for s in self.sockets:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                s.close()
            self.sockets = []

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.cut()
