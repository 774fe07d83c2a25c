#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""read-page FILE - reads a page of --format html as a browser without JavaScript does, and prints its text.

Fails if the page would load anything, run any other script than its own, or has a link without its target.
"""
import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "br", "wbr"}
BLOCKS = {"p", "h1", "h2", "h3", "li", "tr", "dd", "summary", "section", "title", "figcaption", "div", "pre"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.scripts = [], [], [], []
        self.policy, self.lines, self.line, self.tags = None, [], "", set()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        assert len(values) == len(attributes), f"an attribute twice: {attributes}"
        for name, value in attributes:
            assert name in ("href", "id", "class", "style", "title", "d", "lang", "charset", "name", "content", "http-equiv", "type", "open",
                            "scope", "data-v", "role", "tabindex", "viewbox", "preserveaspectratio", "aria-hidden", "aria-label"), name
            assert name != "href" or value.startswith("#"), f"leads elsewhere: {value}"
            assert name != "style" or re.fullmatch(r"[-a-z0-9:.;%]*", value), value
        self.tags.add(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if "href" in values:
            self.links.append(values["href"][1:])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag == "script":
            self.scripts.append([values.get("type"), ""])
        if tag not in VOID:
            self.open.append(tag)
        if tag in BLOCKS:
            self.end_line()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"{tag} ends in {self.open}"
        if tag in BLOCKS:
            self.end_line()
        self.open.pop()
        if tag in ("td", "th", "span", "dt", "a", "code"):
            self.line += " "

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1][1] += data
        elif "style" not in self.open:
            self.line += data

    def end_line(self):
        text = " ".join(self.line.split()) if "pre" not in self.open else self.line.strip("\n")
        if text:
            self.lines.append(text)
        self.line = ""


page = Page()
page.feed(open(sys.argv[1], encoding="utf-8").read())
page.close()
assert page.open == [], page.open
assert len(page.ids) == len(set(page.ids)), "an id twice"
assert not set(page.links) - set(page.ids), f"without target: {set(page.links) - set(page.ids)}"
assert not page.tags & {"img", "link", "iframe", "object", "form", "input", "base", "audio", "video"}, page.tags
*numbers, (kind, script) = page.scripts
assert kind is None and len(numbers) <= 1, page.scripts
for kind, text in numbers:
    assert kind == "application/json", kind
    json.loads(text)
digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
assert page.policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'", page.policy
print("\n".join(page.lines))
