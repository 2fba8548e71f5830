/**
 * The manual's page, made of the pages in docs when the window is built: chapters with sections that can be linked to and searched. Links
 * between the pages become links within the one, links into the source go to its repository, and pictures come along.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { Marked, type Tokens } from "marked";
import type { Plugin } from "vite";

const ROOT = join(import.meta.dirname, "..");

/** The chapters in their order: pages of docs. */
export const CHAPTERS = [
  "getting-started.md",
  "manual/composing.md",
  "manual/methods.md",
  "manual/settings.md",
  "manual/results.md",
  "manual/models.md",
  "manual/scripts.md",
  "manual/troubleshooting.md",
  "keyboard.md",
] as const;

export interface Section {
  id: string;
  title: string;
  html: string;
}

export interface Chapter {
  /** Of its page: `methods`. */
  id: string;
  title: string;
  /** The first is what stands before any heading. */
  sections: Section[];
}

const escape = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
export const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
const idOf = (page: string) => basename(page, ".md");

/** Where a link of a page leads in the manual. Throws where it leads nowhere. */
function target(page: string, href: string): string {
  if (/^https:\/\//.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), path)).replaceAll("\\", "/");
  if (!CHAPTERS.some((chapter) => chapter === file))
    throw new Error(`docs/${page}: ${href} is no chapter of the manual`);
  return `#${idOf(file)}${anchor === undefined ? "" : `-${anchor}`}`;
}

/** The chapters as HTML. */
export function readManual(): Chapter[] {
  const chapters = CHAPTERS.map((page) => readChapter(page, readFileSync(join(ROOT, "docs", page), "utf8")));
  const ids = new Set(chapters.flatMap(({ id, sections }) => [id, ...sections.map((section) => section.id)]));
  for (const { id, sections } of chapters) {
    for (const [, to] of sections.flatMap(({ html }) => [...html.matchAll(/href="#([^"]+)"/g)])) {
      if (!ids.has(to!)) throw new Error(`docs: ${id} links to ${to!}, which is nowhere`);
    }
  }
  return chapters;
}

export function readChapter(page: string, text: string): Chapter {
  const chapter = idOf(page);
  const marked = new Marked({
    renderer: {
      link({ href, tokens }: Tokens.Link) {
        const to = target(page, href);
        const outside = to.startsWith("#") ? "" : ' target="_blank" rel="noreferrer"';
        return `<a href="${escape(to)}"${outside}>${this.parser.parseInline(tokens)}</a>`;
      },
      image: ({ href, text: alt }: Tokens.Image) => {
        const { width, height } = sizeOf(picturePath(page, href));
        return `<img src="./pictures/${escape(basename(href))}" alt="${escape(alt)}" width="${width}" height="${height}" loading="lazy" />`;
      },
      html: () => {
        throw new Error(`docs/${page}: HTML has no place in the manual`);
      },
      table({ header, rows }: Tokens.Table) {
        const cells = (row: Tokens.TableCell[], tag: string) =>
          row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("");
        const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
        return `<table><thead><tr>${cells(header, "th")}</tr></thead><tbody>${body}</tbody></table>\n`;
      },
    },
  });
  const [first, ...rest] = text.split(/^(?=## )/m);
  const title = /^# (.+)$/m.exec(first!)?.[1];
  if (title === undefined) throw new Error(`docs/${page} has no title`);
  const sections = [first!, ...rest].map((part, i): Section => {
    const own = i === 0 ? title : /^## (.+)$/m.exec(part)![1]!;
    const html = marked.parse(part, { async: false });
    const id = i === 0 ? `${chapter}-begin` : `${chapter}-${slug(own)}`;
    return { id, title: own.replaceAll(/[*`]/g, ""), html };
  });
  return { id: chapter, title, sections };
}

function picturePath(page: string, href: string): string {
  return join(ROOT, "docs", dirname(page), href);
}

/** Of a WebP file, which the page needs before the picture has come: nothing shall jump. */
function sizeOf(path: string): { width: number; height: number } {
  const bytes = readFileSync(path);
  const kind = bytes.toString("latin1", 12, 16);
  if (kind === "VP8 ") return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (kind === "VP8X") return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  const bits = bytes.readUInt32LE(21); // VP8L
  return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
}

/** The files of the pictures that the pages show. */
export function picturesOf(): string[] {
  return CHAPTERS.flatMap((page) =>
    [...readFileSync(join(ROOT, "docs", page), "utf8").matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, href]) =>
      picturePath(page, href!),
    ),
  );
}

export function contentsHtml(chapters: readonly Chapter[]): string {
  const link = (id: string, title: string) => `<a href="#${id}">${escape(title)}</a>`;
  const items = chapters.map(({ title, sections: [first, ...rest] }) => {
    const inner = rest.map((section) => `<li>${link(section.id, section.title)}</li>`).join("");
    return `<li>${link(first!.id, title)}${inner === "" ? "" : `<ul>${inner}</ul>`}</li>`;
  });
  return `<ul>${items.join("")}</ul>`;
}

export function chaptersHtml(chapters: readonly Chapter[]): string {
  const section = ({ id, title, html }: Section) =>
    `<section id="${id}" aria-label="${escape(title)}">${html}</section>`;
  return chapters
    .map(({ id, sections }) => `<article id="${id}">${sections.map(section).join("")}</article>`)
    .join("\n");
}

/** Fills manual.html, and puts the pictures beside it. */
export function manual(): Plugin {
  return {
    name: "diorama-manual",
    transformIndexHtml: {
      order: "pre",
      handler: (html, { filename }) => {
        if (basename(filename) !== "manual.html") return html;
        const chapters = readManual();
        return html
          .replace("<!-- contents -->", () => contentsHtml(chapters))
          .replace("<!-- chapters -->", () => chaptersHtml(chapters));
      },
    },
    generateBundle() {
      for (const path of new Set(picturesOf())) {
        this.emitFile({ type: "asset", fileName: `pictures/${basename(path)}`, source: readFileSync(path) });
      }
    },
  };
}
