#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""browse FILE - opens a page of --format html in headless Chromium, and uses it as a reader does.

The page needs a blocker's link, a sortable ranking, a flame graph and a timeline. Fails with what went wrong.
"""
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By


def browser():
    options = Options()
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def until(wanted):
    """Calls `wanted` until it holds: what a click starts is drawn with the next frame."""
    end = time.monotonic() + 60
    while not wanted():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def run(page, script, *arguments):
    return page.execute_script(f"return {script}", *arguments)


def middle(page, element):
    """Scrolls to where nothing covers it. The page hears of that with the next frame, and hides its tooltip."""
    page.execute_async_script("""const [element, done] = arguments;
        element.scrollIntoView({block: 'center', behavior: 'instant'});
        requestAnimationFrame(() => requestAnimationFrame(done));""", element)
    return element


def ranks(page):
    return [int(row) for row in run(page, "[...document.querySelectorAll('#ranking tbody td:first-child')].map(cell => cell.textContent)")]


def width_of_all(page):
    return run(page, "document.documentElement.scrollWidth")


def medium(page, width, scheme):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                                                         {"name": "prefers-reduced-motion", "value": "reduce"}]})
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})


def sorts(page):
    first = ranks(page)
    assert first == sorted(first) and len(first) > 1, first
    totals = page.find_element(By.CSS_SELECTOR, "#ranking th:nth-child(2) button")
    totals.click()
    assert ranks(page) == first, "by total, the largest first"
    totals.click()
    assert ranks(page) == first[::-1], "by total, the least first"
    page.find_element(By.CSS_SELECTOR, "#ranking th:nth-child(4) button").click()
    words = run(page, "[...document.querySelectorAll('#ranking tbody td:nth-child(4)')].map(cell => cell.textContent)")
    assert words == sorted(words, reverse=True), words


def leads(page, name):
    page.get(f"file://{name}#blocker-2")
    until(lambda: abs(run(page, "document.getElementById('blocker-2').getBoundingClientRect().top")) < 200)
    assert run(page, "getComputedStyle(document.getElementById('blocker-2')).boxShadow") != "none", "it is not marked"


def coloured(page):
    """How many pixels of the lanes have a colour."""
    return run(page, """[...document.querySelectorAll('#lanes canvas')].map(canvas =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((byte, i) => i % 4 === 3 && byte).length)
        .reduce((a, b) => a + b, 0)""")


def shown(page):
    return run(page, "[Number(lanes.dataset.from), Number(lanes.dataset.to)]")


def zooms(page):
    whole = shown(page)
    assert whole[0] == 0 and coloured(page) > 100, (whole, coloured(page))
    middle(page, page.find_element(By.CSS_SELECTOR, "#timeline .buttons button:nth-child(2)")).click()
    until(lambda: shown(page)[1] - shown(page)[0] < whole[1] * 0.6)
    # The wheel zooms where the pointer is; dragging moves.
    lanes = middle(page, page.find_element(By.CSS_SELECTOR, "#lanes .track"))
    before = shown(page)
    ActionChains(page).scroll_from_origin(webdriver.common.actions.wheel_input.ScrollOrigin.from_element(lanes), 0, -200).perform()
    until(lambda: shown(page)[1] - shown(page)[0] < before[1] - before[0])
    before = shown(page)
    ActionChains(page).click_and_hold(lanes).move_by_offset(100, 0).release().perform()
    until(lambda: shown(page)[0] < before[0])
    lanes = page.find_element(By.ID, "lanes")
    lanes.send_keys("0")
    until(lambda: shown(page) == whole)
    # A click on a block leads to its code. Where one is, page.js knows.
    spot = run(page, """(() => {
        const data = JSON.parse(document.getElementById('timeline-data').textContent);
        let at = 0;
        for (let i = 0; i < data.blocks.length; i += 5) {
            at += data.blocks[i + 1];
            if (data.blocks[i + 4])
                return [data.blocks[i], (at + data.blocks[i + 2] / 2) / data.range, data.blocks[i + 4]];
        }
    })()""")
    track = page.find_elements(By.CSS_SELECTOR, "#lanes .track")[spot[0]]
    middle(page, track)
    ActionChains(page).move_to_element_with_offset(track, round((spot[1] - 0.5) * track.size["width"]), 0).perform()
    until(lambda: not run(page, "tip.hidden"))
    assert f"#{spot[2]} " in run(page, "tip.textContent"), run(page, "tip.textContent")
    ActionChains(page).click().perform()
    until(lambda: run(page, "location.hash") == f"#blocker-{spot[2]}")


def flames(page):
    frames = page.find_elements(By.CSS_SELECTOR, "#flame-graph i")
    widths = run(page, "[...document.querySelectorAll('#flame-graph i')].map(frame => frame.getBoundingClientRect().width)")
    whole = run(page, "document.getElementById('flame-graph').clientWidth")
    # Each row is no wider than the one above it.
    rows = {}
    for frame, width in zip(frames, widths):
        row = run(page, "arguments[0].style.getPropertyValue('--y')", frame)
        rows[int(row)] = rows.get(int(row), 0) + width
    assert whole * 0.98 < rows[0] <= whole + 1, (rows[0], whole)
    assert all(rows[row] <= rows[row - 1] + 1 for row in rows if row), rows
    second = next(i for i, frame in enumerate(frames) if widths[i] < whole * 0.5)
    middle(page, frames[second])
    ActionChains(page).move_to_element(frames[second]).click().perform()
    until(lambda: frames[second].size["width"] > whole * 0.98)
    ActionChains(page).move_to_element(frames[second]).click().perform()
    until(lambda: run(page, "[...document.querySelectorAll('#flame-graph i.away')].length") == 0)


def looks(page):
    """No part is wider than the screen; texts can be read on their ground, light and dark."""
    grounds = set()
    for width in (1280, 400):
        for scheme in ("light", "dark"):
            medium(page, width, scheme)
            until(lambda: run(page, "innerWidth") == width)
            assert width_of_all(page) <= width, (width, width_of_all(page))
            ground, ink, soft = run(page, """['background-color', 'color'].map(name => getComputedStyle(document.body)[name])
                .concat(getComputedStyle(document.querySelector('.what')).color)""")
            grounds.add(ground)
            assert contrast(ground, ink) > 10 and contrast(ground, soft) > 4.5, (scheme, ground, ink, soft)
    assert len(grounds) == 2, grounds
    medium(page, 1280, "light")


def contrast(one, other):
    """As WCAG 2 defines it."""
    def luminance(colour):
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1:-1].split(",")[:3]]
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def quiet(page, name):
    """Nothing in the console, and nothing was loaded but the page."""
    assert not page.get_log("browser")
    requests = [entry["message"] for entry in page.get_log("performance") if '"Network.requestWillBeSent"' in entry["message"]]
    assert requests and all(f'"url":"file://{name}' in request for request in requests), requests


page = browser()
try:
    name = sys.argv[1]
    medium(page, 1280, "light")
    page.get(f"file://{name}")
    sorts(page)
    flames(page)
    zooms(page)
    looks(page)
    leads(page, name)
    quiet(page, name)
    # Not by its own script, and not by a name.
    assert run(page, "document.querySelectorAll('script').length") == 2
finally:
    page.quit()
