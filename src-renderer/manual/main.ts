/** The manual's page at work: the colours of the system, the search, and the chapter that is read marked in the list. */
import "@fontsource-variable/inter/index.css";
import "../styles.css";
import "./manual.css";
import { matching, wordsOf } from "./search.ts";

const search = document.querySelector<HTMLInputElement>("#search")!;
const found = document.querySelector<HTMLElement>("#found")!;
const sections = [...document.querySelectorAll<HTMLElement>("main section")];
const links = new Map(
  [...document.querySelectorAll<HTMLAnchorElement>("nav a")].map((link) => [link.hash.slice(1), link.closest("li")!]),
);
const texts = sections.map((section) => ({ id: section.id, text: section.textContent }));

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => (document.documentElement.dataset["theme"] = dark.matches ? "dark" : "light");
dark.addEventListener("change", paint);
paint();

function find(): void {
  const words = wordsOf(search.value);
  const ids = matching(texts, words);
  for (const section of sections) section.hidden = !ids.has(section.id);
  for (const [id, item] of links) item.hidden = !ids.has(id);
  // A chapter without a section that is left.
  for (const chapter of document.querySelectorAll<HTMLElement>("main article, nav > ul > li")) {
    chapter.hidden = chapter.querySelector("section:not([hidden]), li:not([hidden])") === null;
  }
  found.textContent =
    words.length === 0
      ? ""
      : ids.size === 0
        ? "Nothing is said of this."
        : `${ids.size} of ${sections.length} sections`;
}
search.addEventListener("input", find);
search.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || search.value === "") return;
  search.value = "";
  find();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "f" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  search.focus();
  search.select();
});
// A link to what a search has hidden shows all again.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.closest("[hidden]")) {
    search.value = "";
    find();
  }
  target.scrollIntoView();
});
