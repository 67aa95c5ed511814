"""The page in a headless browser: nothing is loaded, nothing overflows; filter, hover, keyboard and choice of runs."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tools import ROOT, output, sglr

from sglr.files.records import read_json

COMMITTED = ROOT / "results/mini"
CHROMIUM = (
    shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
WIDTHS = (390, 1400)
RUN = "cifar10-at-s0"
PATIENCE = 120_000  # ms; a busy machine is no fault of the page
expect.set_options(timeout=PATIENCE)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """The page of the committed results, with one figure drawn."""
    root = tmp_path_factory.mktemp("page")
    shutil.copytree(
        COMMITTED,
        root / "results/mini",
        ignore=shutil.ignore_patterns("*.pt", "*.safetensors", "report.html"),
    )
    for words in (["draw", "figure2"], ["report"]):
        output(sglr(root, *words, scale="mini"))
    return root / "results/mini/report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=FLAGS
        )
        yield opened
        opened.close()


@contextmanager
def opened_at(browser: Browser, path: Path, width: int) -> Iterator[Page]:
    """The page, opened offline; at the end it must have said nothing and asked for nothing but itself."""
    scheme = "dark" if width == WIDTHS[0] else "light"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    context.set_default_timeout(PATIENCE)
    opened, said, asked = context.new_page(), [], []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda wanted: asked.append(wanted.url))
    opened.goto(path.as_uri())
    opened.locator("button.from").first.wait_for()
    yield opened
    assert said == []
    inside = ("data:", "blob:")
    assert {url for url in asked if not url.startswith(inside)} == {path.as_uri()}
    context.close()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def page(browser, path, request) -> Iterator[Page]:
    """The page on a narrow dark screen and on a wide light one."""
    with opened_at(browser, path, request.param) as opened:
        yield opened


@pytest.fixture
def wide(browser, path) -> Iterator[Page]:
    """The page on the wide screen alone, where its width decides nothing."""
    with opened_at(browser, path, WIDTHS[1]) as opened:
        yield opened


def value(epoch: int) -> str:
    """Robust test accuracy of RUN in percent, as the page writes it."""
    history = pd.read_csv(COMMITTED / "runs" / RUN / "history.csv").set_index("epoch")
    return f"{round(100 * history.loc[epoch, 'test_robust_accuracy'], 2):g}"


def at_point(page: Page, epoch: int) -> tuple[float, float]:
    """Where RUN's point of an epoch is on the screen."""
    page.locator("[data-chart=curves] .plot").scroll_into_view_if_needed()
    return tuple(
        page.evaluate(
            """([run, epoch]) => {
              const line = document.querySelector(`[data-chart=curves] [data-run="${run}"] path`);
              const box = line.ownerSVGElement.getBoundingClientRect();
              const points = line.getAttribute("d").split(/[ML]/).slice(1).map(point => point.split(" ").map(Number));
              return [box.x + points[epoch - 1][0], box.y + points[epoch - 1][1]];
            }""",
            [RUN, epoch],
        )
    )


def test_nothing_is_wider_than_the_screen_not_even_unfolded(page):
    page.evaluate(
        "document.querySelectorAll('details').forEach(fold => { fold.open = true })"
    )
    assert (
        page.evaluate("document.documentElement.scrollWidth")
        <= page.viewport_size["width"]
    )


def test_images_are_unpacked(page):
    for image in page.locator("main img").all():
        expect(image).to_have_attribute("src", re.compile("^blob:"))
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 100


def test_the_filter_by_verdict_and_by_words(wide):
    shown = wide.locator("[data-claim]:not([hidden])")
    everything = shown.count()
    wide.get_by_role("checkbox", name="not run").uncheck()
    left = shown.count()
    assert (
        0 < left < everything
        and wide.locator("#found").inner_text() == f"{left} of {everything} claims"
    )
    assert wide.locator("[data-verdict=not-run]:not([hidden])").count() == 0
    wide.locator("#filter [type=search]").fill("LEMMA1/reverse")
    assert shown.evaluate_all("claims => claims.map(claim => claim.dataset.claim)") == [
        "lemma1/reverse"
    ]
    wide.locator("#filter [type=search]").fill("")
    assert shown.count() == left


def test_words_open_the_fold_that_holds_them(wide):
    claim = wide.locator("details.fold [data-verdict=not-run]").first
    assert not claim.is_visible()
    wide.locator("#filter [type=search]").fill(claim.get_attribute("data-claim"))
    assert claim.is_visible()


def test_hovering_tells_run_epoch_and_value(page):
    page.mouse.move(*at_point(page, 20))
    text = page.locator("[data-chart=curves] .told").text_content()
    assert RUN in text and f"epoch 20: {value(20)}" in text


def test_the_arrow_keys_tell_the_same(page):
    page.locator("[data-chart=curves] .plot").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("#curves-live").inner_text() == f"{RUN}, epoch 3: {value(3)}"
    page.keyboard.press("ArrowDown")
    assert "epoch 3" in page.locator("#curves-live").inner_text()
    assert RUN not in page.locator("#curves-live").inner_text()


def test_runs_and_quantities_are_chosen(wide):
    chart = wide.locator("[data-chart=curves]")
    lines = chart.locator("g.line")
    before = lines.count()
    chart.locator(".runs").evaluate("fold => { fold.open = true }")
    chart.get_by_role("checkbox", name=RUN, exact=True).uncheck()
    assert lines.count() == chart.locator(".legend li").count() == before - 1
    assert chart.locator(".count").inner_text() == str(before - 1)
    chart.get_by_role("button", name="none").click()
    assert lines.count() == 0
    chart.get_by_role("button", name="all").click()
    with_values = chart.get_by_role("checkbox", disabled=False)
    assert (
        0 < lines.count() == with_values.count() < chart.get_by_role("checkbox").count()
    )
    chart.get_by_role("combobox").select_option(label="training loss")
    assert chart.locator(".axes .y").text_content() == "training loss"
    assert lines.count() == with_values.count() == chart.get_by_role("checkbox").count()


def test_the_keyboard_reaches_and_opens_a_claim(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    summary = page.locator("[data-claim] summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert summary.locator("xpath=..").get_attribute("open") is not None


def test_a_link_to_a_folded_run_opens_it(page):
    fold = page.locator("#table2 ~ details.fold", has_text="Drawn from").first
    fold.locator("summary").click()
    fold.locator(f"a[href='#run-{RUN}']").click()
    expect(page.locator(f"[id='run-{RUN}'] pre")).to_be_visible()


def test_light_and_dark_have_their_own_lines(wide):
    line = wide.locator("[data-chart=curves] g.line path").first
    for scheme, color in (
        ("light", "rgb(0, 114, 178)"),
        ("dark", "rgb(74, 168, 224)"),
        ("light", "rgb(0, 114, 178)"),
    ):
        wide.emulate_media(color_scheme=scheme)
        expect(line).to_have_css("stroke", color)


def test_a_click_on_a_number_tells_its_runs_and_commands(page):
    manifest = read_json(COMMITTED / "runs" / RUN / "manifest.json")
    number = page.locator(".opening tbody tr").first.locator(".from").first
    number.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert "PGD-AT, natural, best" in dialog.inner_text()
    cells = dialog.locator("tbody tr").first.locator("td").all_inner_texts()
    seconds = f"{sum(manifest['seconds_per_epoch']):.0f}"
    assert cells == [RUN, "0", seconds, manifest["origin"]["commit"], "cpu"]
    assert dialog.locator("tbody tr").count() == 3
    commands = dialog.locator("pre").inner_text()
    for word in (f"train {RUN}", f"evaluate {RUN}", "draw table2"):
        assert f"sglr {word} --scale mini" in commands
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(number).to_be_focused()


def test_a_cell_of_table_4_is_from_its_own_run(wide):
    table = wide.get_by_role("region", name="Table 4").locator("table")
    columns = table.locator("thead th").all_inner_texts()
    column = next(n for n, name in enumerate(columns) if re.match("r ?= ?0.4", name))
    row = table.locator("tbody tr", has_text=re.compile("^2natural")).first
    row.locator("td").nth(column).locator(".from").click()
    runs = wide.get_by_role("dialog").locator("tbody tr td:first-child")
    assert runs.all_inner_texts() == ["cifar10-sglr-r0.4-T2-s0"]


def test_the_papers_numbers_say_that_nothing_was_run_for_them(wide):
    wide.locator(".opening .theirs .from").first.click()
    words = wide.get_by_role("dialog").inner_text()
    assert "config/published.csv" in words and "Table 2" in words


def test_arrow_keys_walk_over_a_tables_numbers(wide):
    table = wide.locator(".opening")
    assert table.locator(".from[tabindex='-1']").count() == (
        table.locator(".from").count() - 1
    )
    table.locator(".from").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        wide.keyboard.press(key)
    expected = table.locator("tbody tr").nth(1).locator("td").nth(1).locator(".from")
    expect(expected.first).to_be_focused()


def test_a_scrolled_tables_rows_keep_their_names(page):
    region = page.get_by_role("region", name="Table 2", exact=True)
    region.evaluate("region => { region.scrollLeft = region.scrollWidth }")
    assert region.evaluate("region => region.scrollLeft") > 0
    left = region.bounding_box()["x"]
    names = region.locator("tbody td", has_text=re.compile("^PGD-AT"))
    assert names.count() > 3
    for name in names.all():
        assert left <= name.bounding_box()["x"] < left + 10


def test_a_table_is_sorted_by_keyboard(wide):
    table = wide.locator(".opening")
    heading = table.locator("th", has_text="final").nth(1)
    cells = table.locator("tbody td:nth-child(6) > .number")
    before = cells.all_inner_texts()
    heading.get_by_role("button").focus()
    for sort, down in (("ascending", False), ("descending", True)):
        wide.keyboard.press("Enter")
        expect(heading).to_have_attribute("aria-sort", sort)
        found = [float(text.split()[0]) for text in cells.all_inner_texts()]
        assert found == sorted(found, reverse=down) and len(set(found)) > 3
    assert Counter(before) == Counter(cells.all_inner_texts())


def test_a_table_is_filtered_by_words(wide):
    box = wide.get_by_role("searchbox", name='Rows of "Table 2" containing')
    rows = wide.get_by_role("region", name="Table 2", exact=True).locator("tbody tr")
    everything = rows.count()
    box.fill("Released code")
    shown = rows.filter(visible=True).all_inner_texts()
    assert 0 < len(shown) < everything
    assert all("released code" in text for text in shown)
    said = box.locator("xpath=../..").get_by_role("status").inner_text()
    assert said == f"{len(shown)} of {everything} rows"


def test_axe_finds_nothing_to_mend(page):
    """Contrast, landmarks, names and roles, with every claim of one verdict unfolded and a source told."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.evaluate(
        "document.querySelectorAll('#contradicted details').forEach(fold => { fold.open = true })"
    )
    assert axe.run(page).generate_report() == "Found 0 accessibility violations:\n"
    page.locator(".opening .from").first.click()
    told = axe.run(page, context="#from")
    assert told.generate_report() == "Found 0 accessibility violations:\n"
