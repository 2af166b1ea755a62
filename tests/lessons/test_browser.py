"""Prompt lab and row review in JupyterLab, in a real browser: what a workshop participant clicks and types."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from synthkit.cli.notebook import METADATA

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOURCE = [
    "import synthkit as sk\nfeedback = sk.load_task('feedback')",
    "lab = sk.prompt_lab(feedback, sk.load_seeds(feedback))\nlab",
    "print('VIEW', lab.view)",
    "reader = sk.review(sk.generate(feedback, strategy='zero_shot', n=20, progress=False), file='ana.jsonl')\nreader",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """A JupyterLab on loopback with one notebook in it; yields the notebook's address."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in SOURCE]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), folder / "lab.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", f"--notebook-dir={folder}"]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTER_PLATFORM_DIRS": "1"}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api", server, folder / "log")
        yield f"{address}/lab/tree/lab.ipynb?reset"
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(address: str, server, log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def page(jupyter):
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=quiet)
        page = browser.new_page(viewport={"width": 1300, "height": 1100})
        page.set_default_timeout(60_000)
        page.goto(jupyter)
        page.locator(".jp-Notebook .jp-CodeCell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.locator(".jp-OutputArea-output select").first.wait_for()
        yield page
        browser.close()


def control(page, description: str):
    """The input of a widget by the description a user reads beside it."""
    row = page.locator(".jp-OutputArea-output .widget-inline-hbox", has=page.get_by_text(description, exact=True))
    return row.locator("select, input, textarea").first


def screen(page):
    return page.locator(".jp-OutputArea-output [role=region][aria-label=prompt]")


def test_the_lab_shows_the_prompt_and_its_replies(page):
    assert "with the label `delivery`" in screen(page).inner_text()
    output = page.locator(".jp-OutputArea-output", has=page.locator("[aria-label=prompt]")).first
    assert "tokens in" in output.inner_text() and "kept" in output.inner_text()


def test_picking_a_label_and_a_strategy_changes_the_prompt(page):
    control(page, "label").select_option("returns")
    page.wait_for_function("() => document.body.innerText.includes('with the label `returns`')")
    control(page, "strategy").select_option("attributed")
    page.wait_for_function("() => document.body.innerText.includes('one for each line:')")
    assert "The label comes first" in screen(page).inner_text()


def test_picking_an_attribute_goes_to_a_request_that_asks_for_it(page):
    control(page, "attribute").select_option("a restocking fee")
    page.wait_for_function(
        "() => document.querySelector('[aria-label=prompt]').innerText.includes('about: a restocking fee')"
    )
    if "SCREENSHOT" in os.environ:
        page.screenshot(path=os.environ["SCREENSHOT"])


def test_an_edited_prompt_is_answered_and_the_lab_says_when_it_cannot_be(page):
    control(page, "its turn").fill("Write 5 texts about a lost umbrella.")
    page.get_by_role("button", name="ask", exact=True).click()
    page.locator(".jp-OutputArea-output [role=alert]", has_text="no recorded reply to this prompt").wait_for()
    control(page, "answers").select_option("n-gram baseline")
    page.get_by_role("button", name="ask", exact=True).click()
    page.wait_for_function("() => document.querySelector('[aria-label=prompt]')?.innerText.includes('umbrella')")
    assert page.locator("[aria-label=replies] li").count() >= 1


def test_the_keyboard_reaches_every_control(page):
    control(page, "strategy").focus()
    reached = set()
    for _ in range(7):
        reached.add(page.evaluate("document.activeElement.tagName"))
        page.keyboard.press("Tab")
    assert {"SELECT", "INPUT", "TEXTAREA", "BUTTON"} == reached


def test_what_was_clicked_is_at_hand_in_the_next_cell(page):
    page.locator(".jp-CodeCell").nth(2).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea-output')]"
        ".some(o => o.innerText.includes('VIEW Request') && o.innerText.includes('edited, returns'))"
    )


def test_rows_are_reviewed_with_keys_alone(page):
    text = page.locator("[role=region][aria-label=text]")
    text.scroll_into_view_if_needed()
    first = text.inner_text()
    key = control(page, "key")
    key.press_sequentially("k")
    page.wait_for_function("before => document.querySelector('[aria-label=text]').innerText !== before", arg=first)
    key.press_sequentially("d")
    page.get_by_text("2 of 20", exact=True).wait_for()
    if "SCREENSHOT" in os.environ:
        page.screenshot(path=os.environ["SCREENSHOT"].replace(".png", "-review.png"))
