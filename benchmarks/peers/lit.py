import sys

import litserve

from benchmarks.peers import make


class API(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.answers = make()

    def decode_request(self, request: dict) -> str:
        return request["text"]

    def predict(self, batch: list[str]) -> list[str]:
        return self.answers(batch)

    def encode_response(self, output: str) -> dict:
        return {"answer": output}


if __name__ == "__main__":
    from benchmarks.peers.lit import API as Importable  # the worker is spawned: it cannot import a class of __main__

    api = Importable(max_batch_size=32, batch_timeout=0.05)
    server = litserve.LitServer(api, accelerator="auto", devices=1, workers_per_device=1, timeout=600)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="error", generate_client_file=False)
