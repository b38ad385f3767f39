"""Opens pages of `--html` in Chromium and checks what an approver needs: see `.ci/page`."""
import base64
import os
import sys
import unittest

from browser import Browser, Page

FOLDER = sys.argv[1]
VISIBLE = "[...document.querySelectorAll('main article')].filter(one => one.checkVisibility())"
# The contrast of a text with the ground that is painted below it, by WCAG.
CONTRAST = """(() => {
  const numbers = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = one => {
    for (; one; one = one.parentElement) {
      const color = numbers(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('h1, h2, h3, p, li, dt, dd, ins, del, label, code, strong')]
    .filter(one => one.checkVisibility() && one.textContent.trim())
    .map(one => {
      const [text, below] = [light(numbers(getComputedStyle(one).color)), light(ground(one))];
      return [(Math.max(text, below) + 0.05) / (Math.min(text, below) + 0.05), one.tagName + ': ' + one.textContent.trim().slice(0, 40)];
    })
    .sort((left, right) => left[0] - right[0])[0];
})()"""


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, **options):
        page = Page(self.browser, os.path.join(FOLDER, name), **options)
        self.addCleanup(page.close)
        return page

    def filter(self, page, text):
        """Writes into the filter as a reader does, and returns the headings that are left."""
        page.value("document.getElementById('filter').select()")
        page.value("document.getElementById('filter').focus()")
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Delete", code="Delete", windowsVirtualKeyCode=46)
        page.call("Input.dispatchKeyEvent", type="keyUp", key="Delete", code="Delete", windowsVirtualKeyCode=46)
        if text:
            page.type(text)
        return page.value(f"{VISIBLE}.map(one => one.querySelector('h3').textContent)")

    def test_the_headline_is_the_only_h1_and_each_person_has_a_heading(self):
        page = self.open("month.html")
        headline = page.value("document.querySelector('h1').textContent")
        self.assertRegex(headline, r"^2 people lose access, 5 join, 9 change: nothing is written until you approve$")
        self.assertEqual(page.value("document.querySelectorAll('h1').length"), 1)
        self.assertTrue(page.value("[...document.querySelectorAll('article')].every(one => one.querySelectorAll('h3').length === 1)"))
        self.assertTrue(page.value("[...document.querySelectorAll('main details')].every(one => one.firstElementChild.tagName === 'SUMMARY')"))
        first = page.value("document.querySelector('main details article h3').textContent")
        self.assertTrue(first.startswith("Disable "), first)
        self.assertTrue(page.value("document.documentElement.lang === 'en' && document.title.length > 0"))
        self.assertTrue(page.value("document.querySelectorAll('del').length > 0 && document.querySelectorAll('ins').length > 0"))
        self.assertIn("becomes", page.value("document.querySelector('article del').parentElement.textContent"))
        last = page.value("document.querySelector('main').lastElementChild.textContent")
        self.assertRegex(last, r"To approve this plan")
        self.assertRegex(last, r"hrpush approve sha256:[0-9a-f]{64}")
        self.assertRegex(last, r"--approve sha256:[0-9a-f]{64}")

    def test_a_stopped_plan_says_so_in_words(self):
        page = self.open("stopped.html")
        self.assertRegex(page.value("document.querySelector('h1').textContent"), r"^Stopped: .* accounts would be disabled")
        self.assertIn("it stops the run", page.value("document.querySelector('li.alarm').textContent"))

    def test_nothing_but_the_file_is_loaded_and_nothing_fails(self):
        page = self.open("thousand.html")
        loaded = [request["request"]["url"] for request in page.seen("Network.requestWillBeSent")]
        self.assertEqual([url for url in loaded if not url.startswith("file://") or not url.endswith("thousand.html")], [])
        self.assertEqual(page.seen("Runtime.exceptionThrown") + page.seen("Log.entryAdded"), [])

    def test_the_filter_finds_name_department_kind_and_attribute(self):
        page = self.open("month.html")
        everybody = self.filter(page, "")
        karl = self.filter(page, "karl bau")
        self.assertEqual(len(karl), 1, karl)
        self.assertIn("Karl Bauer", karl[0])
        self.assertIn("1 of ", page.value("document.getElementById('found').textContent"))
        disabled = self.filter(page, "disable")
        self.assertTrue(disabled and all(heading.startswith("Disable ") for heading in disabled), disabled)
        for word in ("displayName", "last name", "accountEnabled"):
            found = self.filter(page, word)
            self.assertTrue(0 < len(found) < len(everybody), (word, found))
        department = page.value("document.querySelector('article .faint').textContent.split(', ')[1]")
        found = self.filter(page, department)
        self.assertTrue(0 < len(found) < len(everybody), (department, found))
        self.assertEqual(self.filter(page, "no such person"), [])
        self.assertEqual(self.filter(page, ""), everybody)

    def test_the_keyboard_reaches_the_filter_and_folds_sections(self):
        page = self.open("month.html")
        page.tab()
        self.assertEqual(page.value("document.activeElement.id"), "filter")
        outline = page.value("getComputedStyle(document.activeElement).outlineStyle")
        self.assertNotEqual(outline, "none")
        page.tab()
        self.assertEqual(page.value("document.activeElement.tagName"), "SUMMARY")
        page.enter()
        self.assertFalse(page.value("document.activeElement.parentElement.open"))
        page.enter()
        self.assertTrue(page.value("document.activeElement.parentElement.open"))
        small = page.value("[...document.querySelectorAll('summary, input')].filter(one => one.getBoundingClientRect().height < 24).length")
        self.assertEqual(small, 0)
        self.assertEqual(page.value("document.querySelector('label').htmlFor"), "filter")

    def test_no_width_scrolls_sideways(self):
        for name in ("thousand.html", "month.html", "stopped.html"):
            for width in (390, 1280):
                page = self.open(name, width=width)
                widest = page.value("document.documentElement.scrollWidth")
                self.assertLessEqual(widest, width, name)
                beyond = page.value(f"[...document.querySelectorAll('body *')].filter(one => one.checkVisibility() && one.getBoundingClientRect().right > {width} + 1).length")
                self.assertEqual(beyond, 0, (name, width))

    def test_light_dark_and_print_can_be_read(self):
        grounds = {}
        for scheme in ("light", "dark"):
            page = self.open("stopped.html", scheme=scheme)
            contrast, text = page.value(CONTRAST)
            self.assertGreaterEqual(contrast, 4.5, (scheme, text))
            grounds[scheme] = page.value("getComputedStyle(document.body).backgroundColor")
        self.assertNotEqual(grounds["light"], grounds["dark"])
        # On paper the page is light, whatever the screen prefers.
        page.media(scheme="dark", kind="print")
        self.assertEqual(page.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(page.value("getComputedStyle(document.getElementById('search')).display"), "none")
        contrast, text = page.value(CONTRAST)
        self.assertGreaterEqual(contrast, 4.5, text)

    def test_it_prints_to_a_pdf_with_folded_sections_open(self):
        page = self.open("month.html")
        page.value("document.querySelectorAll('main details').forEach(one => { one.open = false; })")
        pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=False)["data"])
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertTrue(page.value("[...document.querySelectorAll('main details')].every(one => one.open)"))

    def test_names_that_attack_the_page_are_text(self):
        page = self.open("thousand.html")
        self.assertFalse(page.value("'attacked' in window"))
        self.assertEqual(page.value("document.scripts.length + document.images.length"), 1)
        headings = self.filter(page, "<script>")
        self.assertEqual(len(headings), 1, headings)
        self.assertIn("<script>window.attacked=1</script>", headings[0])
        self.assertFalse(page.value("/[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.textContent)"))

    def test_a_thousand_changes_are_less_than_a_megabyte_and_can_be_filtered(self):
        self.assertLess(os.path.getsize(os.path.join(FOLDER, "thousand.html")), 1_000_000)
        page = self.open("thousand.html")
        self.assertGreaterEqual(page.value("document.querySelectorAll('article').length"), 1_000)
        self.assertEqual(len(self.filter(page, "Großmann512")), 1)
        self.assertTrue(150 < len(self.filter(page, "audit create")) < 250)

    def test_without_script_everything_is_open_and_readable(self):
        page = self.open("month.html", script=False)
        self.assertFalse(page.value("document.getElementById('search').checkVisibility()"))
        self.assertTrue(page.value("[...document.querySelectorAll('main details')].every(one => one.open)"))
        self.assertEqual(page.value(f"{VISIBLE}.length"), page.value("document.querySelectorAll('article').length"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
