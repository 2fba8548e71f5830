/** What a service wrote before it ended, as its parent tells it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forkNode } from "../../src-main/service/child.ts";
import { temporaryFolder } from "../support/projects.ts";

/** Runs a script as a service to its end. */
async function run(script: string) {
  const entry = join(temporaryFolder(), "service.mjs");
  writeFileSync(entry, script);
  const lines: string[] = [];
  const child = forkNode()(entry, { name: "test", env: process.env, onLine: (line) => lines.push(line) });
  return { exit: await child.exited, lines };
}

test("the last lines are kept, without colours, empty lines and the frames of a stack", async () => {
  const { exit, lines } = await run(`
    for (let i = 0; i < 20; i++) console.error("line " + i);
    console.error("\\u001b[31mwhy it ended\\u001b[0m\\n\\n 1: 0x1234 node::Abort()");
    process.exitCode = 3;
  `);
  expect(exit.code).toBe(3);
  expect(exit.lastWords.split("\n")).toEqual([...[13, 14, 15, 16, 17, 18, 19].map((i) => `line ${i}`), "why it ended"]);
  expect(lines).toHaveLength(22);
});

test("a flood without an end of line is cut short, and what follows is read", async () => {
  const { exit, lines } = await run(`process.stderr.write("x".repeat(3_000_000) + "\\nthe end");`);
  expect(lines.map((line) => line.length)).toEqual([2_000, 7]);
  expect(exit.lastWords).toHaveLength(2_008);
});
