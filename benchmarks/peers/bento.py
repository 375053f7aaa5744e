import bentoml

from benchmarks.peers import make


@bentoml.service(workers=1, traffic={"timeout": 600, "max_concurrency": 1024})
class Service:
    def __init__(self) -> None:
        self.answers = make()

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=60_000)
    def predict(self, text: list[str]) -> list[str]:
        return self.answers(text)
