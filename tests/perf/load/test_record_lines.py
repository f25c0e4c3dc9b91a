import io
import json
import threading

from signoff.perf.load.record_lines import record_lines


class Sink(io.StringIO):
    """Keeps each writing apart."""

    def __init__(self):
        super().__init__()
        self.writings = []
        self.wrote = threading.Event()

    def write(self, text):
        self.writings.append(text)
        self.wrote.set()
        return len(text)


def test_every_record_is_written_once_and_in_order_however_they_are_gathered():
    for every_s in (0.0, 0.05, 60.0):
        sink = Sink()
        with record_lines(sink, every_s) as put:
            for number in range(500):
                put({"number": number})
        lines = "".join(sink.writings).splitlines()
        assert [json.loads(line)["number"] for line in lines] == list(range(500)), every_s


def test_the_first_record_leaves_at_once_and_what_follows_it_together():
    sink = Sink()
    with record_lines(sink, 60.0) as put:
        put({"record": "ready"})
        assert sink.wrote.wait(60)
        for number in range(100):
            put({"number": number})
        assert len(sink.writings) == 1
    assert len([text for text in sink.writings if text]) == 2
