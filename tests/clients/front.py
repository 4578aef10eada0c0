"""An address in front of a server that breaks all connections once, after so many bytes of requests."""

import socket
import threading


class Front:
    """Hands everything on to where it is led."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.behind: tuple[str, int] | None = None
        self.lock = threading.Lock()
        self.open: list[socket.socket] = []
        self.budget: int | None = None
        self.sent = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def break_after(self, count: int) -> None:
        with self.lock:
            self.budget = count

    @property
    def has_broken(self) -> bool:
        with self.lock:
            return self.budget is None

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            if self.behind is None:
                client.close()
                continue
            server = socket.create_connection(self.behind)
            with self.lock:
                self.open += [client, server]
            threading.Thread(target=self.hand_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.hand_on, args=(server, client, False), daemon=True).start()

    def hand_on(self, source: socket.socket, target: socket.socket, is_request: bool) -> None:
        try:
            while data := source.recv(1 << 14):
                allowed = self.allowed(len(data)) if is_request else len(data)
                target.sendall(data[:allowed])
                if allowed < len(data):
                    break
        except OSError:
            pass
        for end in (source, target):
            shut(end)

    def allowed(self, count: int) -> int:
        with self.lock:
            allowed = count if self.budget is None else min(count, self.budget)
            self.sent += allowed
            if allowed < count:
                self.budget = None
                while self.open:
                    shut(self.open.pop())
            elif self.budget is not None:
                self.budget -= allowed
            return allowed


def shut(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
