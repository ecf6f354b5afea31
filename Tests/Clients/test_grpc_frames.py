"""gRPC's server on frames that no client sends, or not so: what is wrong ends one call, and nothing else."""
import numpy as np
import pytest
from hyperframe.frame import HeadersFrame, RstStreamFrame
from tritonclient.grpc import service_pb2

from grpc_server import metrics, recorded, redis, serving, until
from http2 import INFER, Connection, data, framed

ROWS, PROBABILITIES = recorded()
CANCELLED, STREAM_CLOSED = 8, 5


def request(rows, id=""):
    message = service_pb2.ModelInferRequest(model_name="iris", id=id)
    message.inputs.add(name="input", datatype="FP32", shape=rows.shape)
    message.outputs.add(name="predict_proba")
    message.raw_input_contents.append(rows.tobytes())
    return message.SerializeToString()


def probabilities(stream):
    assert stream.status == "0", stream.headers
    answer = service_pb2.ModelInferResponse.FromString(stream.message)
    return np.frombuffer(answer.raw_output_contents[0], dtype="<f4").reshape(-1, 3)


def answers(connection, index=0):
    """The connection still answers, and right."""
    stream = connection.answer(connection.call(request(ROWS[index:index + 1])))
    assert np.array_equal(probabilities(stream), PROBABILITIES[index:index + 1])


def calls(server, status):
    return [line for line in server.lines if line["message"] == "call" and line["status"] == status]


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def connection(server):
    with Connection(server.address) as connection:
        yield connection


@pytest.fixture
def queue():
    """A server whose calls wait: its queue has no worker."""
    with redis() as (url, _), serving("--redis", url) as server:
        yield server


@pytest.mark.parametrize("window", [1, 2, 7, 10])
def test_a_tiny_window_lets_the_whole_answer_through(server, window):
    with Connection(server.address, window=window, renewal=window) as connection:
        answer = connection.answer(connection.call(request(ROWS[:5])))
        assert np.array_equal(probabilities(answer), PROBABILITIES[:5])
        assert max(answer.pieces) <= window


def test_an_answer_that_waits_for_its_window_does_not_hold_up_others(server):
    with Connection(server.address, window=3) as connection:
        waiting = connection.call(request(ROWS[:1]))
        # An answer without a message needs no window.
        answer = connection.answer(connection.call(b"", path="/inference.GRPCInferenceService/None"))
        assert answer.status == "12"
        assert not connection.streams[waiting].ended
        connection.send(RstStreamFrame(waiting, error_code=CANCELLED))
        connection.renewal = 3
        answers(connection)


def test_a_call_given_up_in_the_queue(queue):
    with Connection(queue.address) as connection:
        stream = connection.call(request(ROWS[:1]))
        until(lambda: b"coppice_jobs_enqueued_total 1" in metrics(queue))
        connection.send(RstStreamFrame(stream, error_code=CANCELLED))
        until(lambda: calls(queue, "CANCELLED"))
        # The connection goes on.
        stream = connection.call(b"", path="/inference.GRPCInferenceService/ServerLive")
        assert connection.answer(stream).status == "0"


def test_a_connection_that_closes_during_its_calls(queue):
    with Connection(queue.address) as connection:
        for _ in range(3):
            connection.call(request(ROWS[:1]))
        until(lambda: b"coppice_jobs_enqueued_total 3" in metrics(queue))
    until(lambda: len(calls(queue, "CANCELLED")) == 3)


def test_a_connection_that_closes_within_a_message(server):
    before = len(calls(server, "CANCELLED"))
    with Connection(server.address) as connection:
        head, stream = connection.head()
        connection.send(head, data(stream, framed(request(ROWS[:1]))[:20]))
        # The server has it when it answers the next call.
        answers(connection)
    until(lambda: len(calls(server, "CANCELLED")) == before + 1)


def test_a_message_that_does_not_end_in_time(connection):
    head, stream = connection.head(INFER, ("grpc-timeout", "50m"))
    connection.send(head, data(stream, framed(request(ROWS[:1]))[:20]))
    answer = connection.answer(stream)
    assert answer.status == "4"
    # The client need not send the rest.
    while answer.reset is None:
        connection.receive()
    assert answer.reset == 0
    answers(connection)


def test_data_after_the_end_of_the_stream(server, connection):
    stream = connection.call(request(ROWS[:1]))
    connection.answer(stream)
    connection.send(data(stream, b"more"))
    try:
        while connection.goaway is None and connection.streams[stream].reset is None:
            connection.receive()
        assert STREAM_CLOSED in (connection.streams[stream].reset, connection.goaway and connection.goaway.error_code)
    except (EOFError, ConnectionError):
        pass
    with Connection(server.address) as another:
        answers(another)


def test_trailers_of_the_client(connection):
    head, stream = connection.head()
    trailers = HeadersFrame(
        stream, data=connection.encoder.encode([("x-more", "1")]), flags=["END_HEADERS", "END_STREAM"])
    connection.send(head, data(stream, framed(request(ROWS[:1]))), trailers)
    assert np.array_equal(probabilities(connection.answer(stream)), PROBABILITIES[:1])
    answers(connection)


def test_an_end_without_a_message(connection):
    head, stream = connection.head(end=True)
    connection.send(head)
    assert connection.answer(stream).status == "13"
    answers(connection)


def test_two_messages_for_a_call_that_takes_one(connection):
    head, stream = connection.head()
    connection.send(head, data(stream, framed(request(ROWS[:1])) * 2, end=True))
    assert connection.answer(stream).status == "13"
    answers(connection)


def test_a_message_over_the_limit_ends_before_it_is_sent(connection):
    head, stream = connection.head()
    connection.send(head, data(stream, b"\0\x7f\xff\xff\xff" + bytes(100)))
    answer = connection.answer(stream)
    assert answer.status == "8"
    while answer.reset is None:
        connection.receive()
    assert answer.reset == 0
    # What was under way already is dropped.
    connection.send(data(stream, bytes(1000)))
    answers(connection)


def test_a_message_larger_than_every_window(server):
    rows = np.tile(ROWS, (1 + 2_500_000 // ROWS.nbytes, 1))
    with Connection(server.address, window=1 << 24) as connection:
        head, stream = connection.head()
        connection.send(head)
        connection.upload(stream, framed(request(rows)))
        answer = connection.answer(stream)
    assert np.array_equal(probabilities(answer), np.tile(PROBABILITIES, (len(rows) // len(ROWS), 1)))


@pytest.mark.parametrize("method", ["ModelInfer", "ModelStreamInfer"])
def test_a_compressed_message_that_is_damaged(connection, method):
    head, stream = connection.head(f"/inference.GRPCInferenceService/{method}", ("grpc-encoding", "gzip"))
    connection.send(head, data(stream, b"\1\0\0\0\4ruin", end=True))
    assert connection.answer(stream).status == "13"
    answers(connection)


def test_many_calls_whose_frames_are_mixed(connection):
    bodies, streams = [], []
    for index in range(100):
        row = index % len(ROWS)
        head, stream = connection.head()
        connection.send(head)
        streams.append(stream)
        bodies.append(framed(request(ROWS[row:row + 1])))
    for offset in range(0, max(map(len, bodies)), 10):
        connection.send(*(
            data(stream, body[offset:offset + 10], end=offset + 10 >= len(body))
            for stream, body in zip(streams, bodies, strict=True) if offset < len(body)))
    for index, stream in enumerate(streams):
        row = index % len(ROWS)
        assert np.array_equal(probabilities(connection.answer(stream)), PROBABILITIES[row:row + 1])


def test_a_stream_whose_answers_nobody_takes_holds_up_its_client(connection):
    head, stream = connection.head("/inference.GRPCInferenceService/ModelStreamInfer")
    connection.send(head)
    message = framed(request(np.tile(ROWS, (3, 1))))
    assert len(message) < 16384
    sent, window = 0, 1 << 20
    while sent < 1000:
        if min(connection.windows[stream], connection.windows[0]) >= len(message):
            connection.windows[0] -= len(message)
            connection.windows[stream] -= len(message)
            connection.send(data(stream, message))
            sent += 1
        elif len(connection.streams[stream].data) < window:
            connection.receive()
        else:
            break
    # What the server has answered fills the client's window; what it has not is bounded by its own.
    assert sent < 1000
    connection.send(RstStreamFrame(stream, error_code=CANCELLED))
    answers(connection)
