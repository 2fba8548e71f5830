/** What is done to the window's modules and files when it is built. */
import { basename } from "node:path";
import type { Plugin } from "vite";

/** The content policy refuses styles in markup, also those of a library: there they become the class of the same effect. */
export function withoutInlineStyles(): Plugin {
  return {
    name: "diorama-without-inline-styles",
    enforce: "pre",
    transform: (code, id) =>
      /[\\/]bits-ui[\\/].*\.svelte$/.test(id)
        ? code.replaceAll('style="display: contents;"', 'class="contents"')
        : undefined,
  };
}

/**
 * Icons as plain markup. The library makes each line of an icon an element of its own at run time, by a name and any attributes: sixty
 * icons were an eighth of what the page's objects took. What an icon can be given is what `iconSource` names.
 */
export function plainIcons(): Plugin {
  return {
    name: "diorama-plain-icons",
    enforce: "pre",
    transform: (code, id) =>
      /[\\/]@lucide[\\/]svelte[\\/].*[\\/]icons[\\/][^\\/]+\.svelte$/.test(id)
        ? iconSource(basename(id, ".svelte"), code)
        : undefined,
  };
}

type IconNode = [tag: string, attributes: Record<string, string>][];

/** A Svelte component that draws the lines of the library's component `code`, as one path where they are paths. */
export function iconSource(name: string, code: string): string {
  const data = /const iconData = (\{.*\});/.exec(code)?.[1];
  if (data === undefined) {
    throw new Error(`The icon ${name} is not written as icons of @lucide/svelte were: see tools/windowPlugins.ts`);
  }
  const { node, size } = JSON.parse(data) as { node: IconNode; size: number };
  const lines = node.flatMap(([tag, { d, ...others }]) =>
    tag === "path" && d !== undefined && Object.keys(others).length === 0 ? [fromItsOwnStart(d)] : [],
  );
  const rest = node
    .filter(([tag, { d, ...others }]) => tag !== "path" || d === undefined || Object.keys(others).length > 0)
    .map(([tag, attributes]) => {
      const pairs = Object.entries(attributes).map(([key, value]) => `${key}="${value}"`);
      return `<${tag} ${pairs.join(" ")} />`;
    });
  const drawn = [...(lines.length > 0 ? [`<path d="${lines.join("")}" />`] : []), ...rest].join("");
  return `<script>
  let { size = ${size}, fill = "none", class: added = "", "aria-label": label, "aria-hidden": hidden = label === undefined } = $props();
</script>
<svg xmlns="http://www.w3.org/2000/svg" width={size} height={size} viewBox="0 0 ${size} ${size}" {fill} stroke="currentColor" stroke-width="2"
  stroke-linecap="round" stroke-linejoin="round" class={["lucide lucide-${name}", added]} aria-hidden={hidden || undefined} aria-label={label}
  >${drawn}</svg>
`;
}

/** The same path after another: a first `m` means a place in the picture only where nothing is before it, and so do not the lines after it. */
export function fromItsOwnStart(path: string): string {
  const begun = /^m\s*(-?(?:\d+\.?\d*|\.\d+))[\s,]*(-?(?:\d+\.?\d*|\.\d+))\s*/.exec(path);
  if (!begun) return path;
  const rest = path.slice(begun[0].length);
  return `M${begun[1]} ${begun[2]}${/^[-.\d]/.test(rest) ? "l" : ""}${rest}`;
}

/**
 * Scripts in ASCII: with one dash or ellipsis among its words Chromium keeps the whole source in memory at two bytes a character. What is
 * not ASCII is written as `\u2026`, which means the same in strings, templates, expressions and names.
 */
export function asciiScripts(): Plugin {
  return {
    name: "diorama-ascii-scripts",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) if (file.type === "chunk") file.code = inAscii(file.code);
    },
  };
}

export function inAscii(code: string): string {
  return code.replace(/(\\*)([^\0-\x7f])/g, (_all, slashes: string, unit: string) => {
    // A backslash before it means the character itself, and would otherwise make two of them.
    const before = slashes.length % 2 === 1 ? slashes.slice(1) : slashes;
    return `${before}\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

interface Graph {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/**
 * The window's script in few files: what both pages begin with, what the `main` one begins with, what several of its views and dialogs
 * share, and each of these. Left alone, the bundler makes a file of every small part that two of them share: the first opening of
 * Results asked for two dozen.
 */
export function chunkGroups(main: string, other: string) {
  const known = new Map<string, Set<string>>();
  /** What is read as soon as `page` is. */
  const of = (page: string, graph: Graph) => {
    const found = known.get(page) ?? new Set([page]);
    if (known.has(page)) return found;
    known.set(page, found);
    for (const one of found) for (const next of graph.getModuleInfo(one)?.importedIds ?? []) found.add(next);
    return found;
  };
  const group = (name: string, isOfMain: boolean, isOfOther: boolean) => ({
    debugName: name,
    name: (id: string, graph: Graph) =>
      id !== main && id !== other && of(main, graph).has(id) === isOfMain && of(other, graph).has(id) === isOfOther
        ? name
        : null,
  });
  return [
    { ...group("both", true, true), priority: 2 },
    { ...group("window", true, false), priority: 1 },
    { ...group("shared", false, false), minShareCount: 2 },
  ];
}
