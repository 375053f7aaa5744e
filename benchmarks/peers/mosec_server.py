import sys

from mosec import Server, Worker

from benchmarks.peers import make


class Model(Worker):
    def __init__(self) -> None:
        self.answers = make()

    def forward(self, data: list[dict]) -> list[dict]:
        return [{"answer": answer} for answer in self.answers([item["text"] for item in data])]


if __name__ == "__main__":
    from benchmarks.peers.mosec_server import Model as Importable  # the worker is spawned

    sys.argv[1:] = ["--address", "127.0.0.1", "--port", sys.argv[1], "--timeout", "600000", "--log-level", "error"]
    server = Server()
    server.append_worker(Importable, num=1, max_batch_size=32, max_wait_time=10, timeout=600)
    server.run()
