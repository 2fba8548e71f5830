/**
 * `npm run evaluate:study`: all runs that docs/evaluation.md is made of, and its figures and tables anew. It goes on where it was stopped.
 *
 *     npm run evaluate:study -- [--scenes N] [--part NAME]... [--out DIR] [--figures-only]
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { EXIT, runCommand, type ExitCode, type Terminal } from "../../src-main/cli/terminal.ts";
import { evaluate } from "./evaluate.ts";
import { collect, writeFigures } from "./figures.ts";
import { STUDY, TIMING } from "./studyParts.ts";

async function study(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const options = { scenes: { type: "string" }, part: { type: "string", multiple: true }, out: { type: "string" }, "figures-only": { type: "boolean" } } as const; // prettier-ignore
  const { values } = parseArgs({ args: [...argv], options });
  const out = path.resolve(terminal.cwd, values.out ?? "out/study");
  const parts = [...STUDY, TIMING].filter(({ name }) => values.part?.includes(name) ?? true);
  for (const { name, argv } of values["figures-only"] ? [] : parts) {
    terminal.stderr.write(`${name}\n`);
    const scenes = values.scenes && name !== TIMING.name ? ["--scenes", values.scenes] : [];
    const code = await evaluate(
      [...argv, ...scenes, "--out", path.join(out, name), "--drawn", path.join(out, "drawn")],
      terminal,
    );
    if (code !== EXIT.ok) return code;
  }
  await collect(out);
  await writeFigures();
  return EXIT.ok;
}

if (import.meta.main) await runCommand(study);
