"""What is looked for on a page: what axe finds, what does not fit the window, and where the focus goes."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SOURCE = Path(__file__).parent / "axe"
NARROW = 320  # CSS pixels: WCAG 2.2 1.4.10, which is 1280 at 400 %
DOUBLED = 640  # 1280 at 200 % (1.4.4)
_LIMIT = 400  # steps of the Tab key

_AXE = """([rules, only]) => axe.run(document, {
    resultTypes: ["violations"], rules, ...(only.length ? {runOnly: {type: "rule", values: only}} : {})
}).then(found => found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.html.slice(0, 200)} (${node.failureSummary})`)))"""
_BEYOND = """() => {
    const inside = element => element.closest(".hidden:not(:focus-visible), .skip, .scroll, pre, svg");
    const beyond = element => {
        const {left, right, width} = element.getBoundingClientRect();
        return width > 1 && (left < -1 || right > window.innerWidth + 1);
    };
    const page = document.documentElement;
    const found = [...document.querySelectorAll("body *")].filter(each => !inside(each) && beyond(each));
    return [...(page.scrollWidth > page.clientWidth ? ["the page scrolls sideways"] : []),
            ...found.map(each => each.outerHTML.slice(0, 120))];
}"""
_CUT = """() => [...document.querySelectorAll("main *")].filter(each => {
    const style = getComputedStyle(each);
    return ["hidden", "clip"].includes(style.overflowX) && each.scrollWidth > each.clientWidth + 1
        && !each.closest(".hidden, thead, svg, select, input");
}).map(each => each.outerHTML.slice(0, 120))"""
_TABBABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(each => each.tabIndex >= 0 && !each.disabled && each.type !== "hidden" && each.checkVisibility())
    .filter(each => each.type !== "radio" || each.checked
        || !document.querySelector(`input[name="${CSS.escape(each.name)}"]:checked`)
        && document.querySelector(`input[name="${CSS.escape(each.name)}"]`) === each)
    .map((each, number) => { each.dataset.number = number; return each.outerHTML.slice(0, 120); })"""
_FOCUSED = """() => {
    const each = document.activeElement, style = getComputedStyle(each), box = each.getBoundingClientRect();
    const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && box.bottom > 0 && box.top < window.innerHeight && box.right > 0 && box.left < window.innerWidth;
    return each === document.body ? null : [each.dataset.number ?? "", seen, each.outerHTML.slice(0, 120)];
}"""


_FEW_ROWS = "() => document.querySelectorAll('tbody > tr:nth-child(n+6)').forEach(row => row.remove())"


def axe_source(folder: Path) -> str:
    """The script of axe-core, of the version in the lock. Skips or fails like a missing browser."""
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs npm.")
        pytest.skip("npm is not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Eye:
    """Looks at the page that is open. Each method tells what is wrong, in a list."""

    page: Page
    axe: str

    def violations(self) -> list[str]:
        """What axe finds in both themes: every rule in one, colours in the other too."""
        if not self.page.evaluate("() => typeof axe === 'object'"):  # to send it takes longer than to run it
            self.page.evaluate(self.axe)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        found = self._run()
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        return found + [f"dark: {each}" for each in self._run("color-contrast")]

    def _run(self, *only: str) -> list[str]:
        rules: dict[str, Any] = {"target-size": {"enabled": True}}
        return list(self.page.evaluate(_AXE, [{} if only else rules, list(only)]))

    def misfits(self, width: int) -> list[str]:
        """What does not fit a window so wide: what only sideways scrolling shows, and what is cut off."""
        self.page.set_viewport_size({"width": width, "height": 640})
        return [f"{width} px: {each}" for each in (*self.page.evaluate(_BEYOND), *self.page.evaluate(_CUT))]

    def stumbles(self) -> list[str]:
        """Where the Tab key goes wrong: controls that it leaves out, another order, a focus that is not seen.

        Of long tables the first rows are enough; the others are taken away.
        """
        self.page.evaluate(_FEW_ROWS)
        wanted = list(self.page.evaluate(_TABBABLE))
        met, found = [], []
        for _ in range(_LIMIT):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(_FOCUSED)
            if focused is None:  # the end of the page: the next one is its beginning
                continue
            if len(met) > 1 and focused[0] == met[0]:
                break
            number, seen, html = focused
            if met[-1:] != [number]:  # a date has several parts
                met.append(number)
            if not seen:
                found.append(f"the focus is not seen: {html}")
        left_out = [html for number, html in enumerate(wanted) if str(number) not in met]
        found += [f"the Tab key leaves out: {html}" for html in left_out]
        first = met.index("0") if "0" in met else 0  # a page may begin with the focus elsewhere
        if not left_out and met[first:] + met[:first] != [str(number) for number in range(len(wanted))]:
            found.append(f"the Tab key jumps about: {met}")
        return found
