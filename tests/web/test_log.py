"""Log lines: whole, in order, and never in the way."""

import json
import logging
import os
import threading
from typing import Any

import pytest

from wharfinger.web.log import REQUEST_ID, AccessLog, JsonFormatter, Seen, Sink


def seen(path: str = "/v2/", status: int = 200) -> Seen:
    return Seen("id-1", "GET", path, status, 5, 0.001234567, "ada", "192.0.2.7", b"docker")


def test_lines_are_written_in_order_by_the_time_it_is_closed() -> None:
    reader, writer = os.pipe()
    sink = Sink(writer)
    log = AccessLog(sink, "info", "json")
    for number in range(200):
        log.write(seen(f"/v2/{number}"))
    log.flush()
    sink.close()
    os.close(writer)
    with os.fdopen(reader) as text:
        assert [json.loads(line)["path"] for line in text] == [f"/v2/{number}" for number in range(200)]


def test_a_pipe_never_mixes_the_lines_of_several_writers() -> None:
    """Several processes share one standard error."""
    reader, writer = os.pipe()
    sinks = [Sink(writer) for _ in range(4)]

    def write(number: int, sink: Sink) -> None:
        for _ in range(50):
            sink.put([f"{number}".encode() * 150 + b"\n"] * 64)
        sink.close()

    writers = [threading.Thread(target=write, args=pair) for pair in enumerate(sinks)]
    found: list[str] = []
    with os.fdopen(reader) as text:
        reading = threading.Thread(target=lambda: found.extend(text))
        reading.start()
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        os.close(writer)
        reading.join()
    assert len(found) == 4 * 50 * 64
    assert {len(set(line.strip())) for line in found} == {1}


def test_where_nobody_reads_lines_are_dropped_and_counted_and_nobody_waits() -> None:
    reader, writer = os.pipe()
    sink = Sink(writer)
    for _ in range(40):
        sink.put([b"x" * 999_999 + b"\n"])
    assert sink.dropped > 0
    os.close(reader)
    sink.close()
    os.close(writer)


def test_text_for_people() -> None:
    reader, writer = os.pipe()
    sink = Sink(writer)
    log = AccessLog(sink, "info", "text")
    log.write(seen("/v2/a\nb"))
    log.flush()
    sink.close()
    os.close(writer)
    with os.fdopen(reader) as text:
        (line,) = text.readlines()
    assert line[8:] == " GET /v2/a\\nb 200 5B 1.2ms ada 192.0.2.7 id-1\n"


def record(message: str, *arguments: Any, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord("wharfinger.test", logging.WARNING, "", 1, message, arguments, info)


@pytest.mark.parametrize("request_id", ["", "id-7"])
def test_messages_are_json_with_the_request_they_belong_to(request_id: str) -> None:
    token = REQUEST_ID.set(request_id)
    try:
        line = json.loads(JsonFormatter().format(record("%s broke\n", "it", error=ValueError("why"))))
    finally:
        REQUEST_ID.reset(token)
    assert (line["level"], line["event"], line["message"]) == ("warning", "wharfinger.test", "it broke\n")
    assert line.get("request_id", "") == request_id
    assert "ValueError: why" in line["trace"]
