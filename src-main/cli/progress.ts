/** How a run is told: a bar on a terminal, a line now and then elsewhere, JSON lines for programs, or nothing. */
import type { GeneratedImage, ModelSummary, StepEvent } from "../api/engine.ts";
import type { Scene, TextSpan } from "../scene/scene.ts";
import type { Terminal } from "./terminal.ts";

export type ProgressKind = "bar" | "lines" | "json" | "quiet";

/** What there is to tell. Every method may be called at any time. */
export interface Progress {
  loading: (fraction: number, message: string) => void;
  model: (summary: ModelSummary) => void;
  warning: (message: string) => void;
  step: (event: StepEvent) => void;
  image: (image: GeneratedImage, file: string) => void;
  sheet: (file: string) => void;
  done: (summary: RunSummary) => void;
  /** A word in between, for people. */
  note: (message: string) => void;
  failed: (error: { code: string; message: string; exitCode: number }) => void;
}

/** How a run ended; `obedience` is the mean of its pictures, by box. */
export interface RunSummary {
  finished: number;
  requested: number;
  files: string[];
  obedience: Record<string, number>;
}

/** Without a terminal a line this often shows that the run is alive and does not fill a log. */
const SECONDS_BETWEEN_LINES = 5;
const BAR_WIDTH = 20;

/** The phrases of each box on one line, in the order of the boxes. */
export function boxPhrases(scene: Scene): string[] {
  const phrase = ({ start, end }: TextSpan) => scene.prompt.slice(start, end).trim().replace(/\s+/g, " ");
  return scene.regions.map(({ spans }) => spans.map(phrase).join(" + "));
}

/** What people call the boxes: their phrases, and their names too where two boxes have the same phrase. */
export function boxLabels(scene: Scene): Record<string, string> {
  const phrases = boxPhrases(scene);
  return Object.fromEntries(
    scene.regions.map(({ id }, i) => {
      const isShared = phrases.filter((phrase) => phrase === phrases[i]).length > 1;
      return [id, isShared ? `${phrases[i]!} (${id})` : phrases[i]!];
    }),
  );
}

/** `red circle 71%, blue square 64%`, in the order of the boxes. */
function describeObedience(labels: Record<string, string>, obedience: Record<string, number>): string {
  return Object.entries(labels)
    .filter(([id]) => Number.isFinite(obedience[id]))
    .map(([id, label]) => `${label} ${Math.round(obedience[id]! * 100)}%`)
    .join(", ");
}

/** `0:07`, `12:30`, `3:05:00`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, ...rest] = parts[0] === 0 ? parts.slice(1) : parts;
  return [String(first), ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

export function makeProgress(
  kind: ProgressKind,
  terminal: Terminal,
  labels: Record<string, string>,
  pictures: number,
): Progress {
  if (kind === "json") return jsonProgress(terminal);
  const people = peopleProgress(terminal, labels, pictures, kind === "bar");
  if (kind === "lines" || kind === "bar") return people;
  const nothing = () => undefined;
  const silent = {
    loading: nothing,
    model: nothing,
    step: nothing,
    image: nothing,
    sheet: nothing,
    done: nothing,
    note: nothing,
  };
  return { ...silent, warning: nothing, failed: people.failed };
}

/** Progress on stderr, results on stdout, so that the results can be piped on. */
function peopleProgress(
  terminal: Terminal,
  labels: Record<string, string>,
  pictures: number,
  hasBar: boolean,
): Progress {
  const { stdout, stderr } = terminal;
  let isBarShown = false;
  let lastLine = -Infinity;
  const clearBar = () => {
    if (isBarShown) stderr.write("\r\x1b[K");
    isBarShown = false;
  };
  const say = (line: string) => {
    clearBar();
    stderr.write(`${line}\n`);
  };
  /** The bar's line, or a line of a log if it is time for one. */
  const update = (line: string) => {
    if (hasBar) {
      // One column is left free: a full line makes some terminals wrap. Some say that they have no columns.
      const columns = stderr.columns !== undefined && stderr.columns > 0 ? stderr.columns : 80;
      stderr.write(`\r${line.slice(0, columns - 1)}\x1b[K`);
      isBarShown = true;
    } else if (terminal.now() - lastLine >= SECONDS_BETWEEN_LINES * 1000) {
      lastLine = terminal.now();
      stderr.write(`${line}\n`);
    }
  };
  return {
    loading: (fraction, message) => update(`${bar(fraction)} ${message}`),
    model: ({ name, provider, precision, memory }) => say(`${name} on ${provider}, ${precision}, ${memory} memory`),
    warning: (message) => say(`warning: ${message}`),
    step: ({ seed, index, step, steps, pictureSecondsLeft, queueSecondsLeft, obedience }) => {
      const left = pictureSecondsLeft === undefined ? "" : `, left ${clock(pictureSecondsLeft)}`;
      const queue = pictures > 1 && queueSecondsLeft !== undefined ? `, all ${clock(queueSecondsLeft)}` : "";
      const boxes = describeObedience(labels, obedience);
      update(
        `${bar(step / steps)} ${index + 1}/${pictures} seed ${seed} step ${step}/${steps}${left}${queue}` +
          (boxes === "" ? "" : `  ${boxes}`),
      );
    },
    image: ({ seconds, record }, file) => {
      clearBar();
      const boxes = describeObedience(labels, record.obedience);
      stdout.write(`${file}  ${seconds.toFixed(1)} s${boxes === "" ? "" : `  ${boxes}`}\n`);
    },
    sheet: (file) => {
      clearBar();
      stdout.write(`${file}\n`);
    },
    done: ({ finished, requested, obedience }) => {
      const boxes = describeObedience(labels, obedience);
      const count = finished === requested ? String(finished) : `${finished} of ${requested}`;
      say(
        `${count} ${requested === 1 ? "picture" : "pictures"}${boxes === "" ? "" : `: ${boxes}${finished > 1 ? " on average" : ""}`}`,
      );
    },
    note: say,
    failed: ({ message }) => say(message),
  };
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}]`;
}

/** One object per line on stdout, each with the field `event`; errors on stderr too, for people. */
function jsonProgress({ stdout, stderr }: Terminal): Progress {
  const write = (event: string, fields: object) => stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    loading: (fraction, message) => write("loading", { fraction, message }),
    model: (summary) => write("model", summary),
    warning: (message) => write("warning", { message }),
    step: ({ seed, index, step, steps, elapsed, pictureSecondsLeft, queueSecondsLeft, obedience, loss }) =>
      write("step", { seed, index, step, steps, elapsed, pictureSecondsLeft, queueSecondsLeft, obedience, loss }),
    image: ({ seed, index, seconds, record }, file) =>
      write("image", { seed, index, file, seconds, obedience: record.obedience }),
    sheet: (file) => write("sheet", { file }),
    done: (summary) => write("done", summary),
    note: (message) => write("note", { message }),
    failed: (error) => {
      write("error", error);
      stderr.write(`${error.message}\n`);
    },
  };
}
