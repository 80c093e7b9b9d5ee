"""Write the screenshots of `lawrec serve` into docs/images: python docs/make_screenshots.py.

It needs Chromium and Pillow, and starts the service with the shipped model on a free port.
"""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
FACT = (
    "被告人张某于2015年3月1日晚，在榆桥县某小区撬门进入被害人李某家中，窃取现金人民币8000元及手机一部，"
    "次日将手机卖给明知系赃物的被告人赵某，得款500元。"
)


def main() -> None:
    """Start the service, take the pictures, and stop it."""
    command = [sys.executable, "-m", "lawrec", "serve", "--port", "0"]
    service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        address = next(
            match[0] for line in service.stderr if (match := re.search(r"http://[^\s;]+", line))
        )
        take_pictures(address)
    finally:
        service.terminate()
        service.wait()


def take_pictures(address: str) -> None:
    """Write one picture per language."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for language, locale in (("zh", "zh-CN"), ("en", "en-GB")):
            page = browser.new_page(locale=locale, viewport={"width": 900, "height": 1080})
            page.goto(address)
            page.fill("#fact", FACT)
            page.click("#fact_form [type=submit]")
            page.wait_for_selector("#answer:not([hidden])")
            picture = Image.open(BytesIO(page.screenshot()))
            colours = picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=48)
            colours.save(IMAGES / f"serve-{language}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
