"""The engine in a notebook kernel, whose own event loop is running: the stop button, and going on."""

import os
import textwrap
import time
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel
from support.fault_server import FaultServer

CELL = """
    import synthkit as sk
    task = sk.load_task("feedback")
    llm = sk.LLM("m", base_url={url!r}, api_key="k", concurrency=4)
    made = sk.generate(task, strategy="zero_shot", n=200, llm=llm, progress=False)
    print("kept", len(made.rows), "replies", made.ledger.replies)
"""


@pytest.fixture
def kernel(tmp_path):
    manager, client = start_new_kernel(env={**os.environ, "SYNTHKIT_HOME": str(tmp_path)})
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def until_idle(manager, client, message_id):
    """Collect what a cell printed and the error it ended with, however long its process has to wait for a turn."""
    printed, error = "", None
    while True:
        try:
            message = client.get_iopub_msg(timeout=1)
        except Empty:
            assert manager.is_alive(), "the kernel died"
            continue
        content = message["content"]
        if message["parent_header"].get("msg_id") != message_id:
            continue
        if message["msg_type"] == "stream":
            printed += content["text"]
        elif message["msg_type"] == "error":
            error = content
        elif message["msg_type"] == "status" and content["execution_state"] == "idle":
            return printed, error


def test_the_stop_button_ends_a_cell_at_once_and_the_next_run_asks_only_the_rest(kernel):
    manager, client = kernel
    with FaultServer(latency=0.3) as server:
        code = textwrap.dedent(CELL).format(url=server.url)
        running = client.execute(code)
        while server.requests < 12 and manager.is_alive():
            time.sleep(0.05)
        pressed = server.requests
        manager.interrupt_kernel()
        _, error = until_idle(manager, client, running)
        before = server.requests
        assert before - pressed <= 12  # of some 30 that were left: three rounds of four at the most
        assert "in the store" in error["evalue"] and "run this again" in error["evalue"]
        printed, error = until_idle(manager, client, client.execute(code))
        assert error is None and "kept 200" in printed
        asked = server.requests - before
        replies = int(printed.split("replies ")[1])
        assert replies - before <= asked <= replies - before + 4 + 4  # what was in flight is asked again
