/** `npm test` itself: what it counts, what it says of skipped tests, and when it prepares an Electron. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { filesIn, ROOT } from "../support/imports.ts";
import { usesElectron } from "../../tools/tests/needs.ts";

/** Runs the test command in a folder with these test files. */
function run(files: Record<string, string>, args: string[] = [], env: Record<string, string> = {}) {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out", "tests-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `import { expect, test, describe } from "vitest";\n${text}`);
  }
  const command = [join(ROOT, "tools/tests/run.ts"), "--root", folder, ...args];
  const outer = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  const { status, stdout } = spawnSync(process.execPath, command, {
    encoding: "utf8",
    env: { ...Object.fromEntries(outer), ...env },
    cwd: ROOT,
  });
  return { status, lines: stdout.trimEnd().split("\n") };
}

test("the last line counts, and each skipped test is named with its reason", () => {
  const { status, lines } = run({
    "a.test.ts": `
      test("one", () => expect(1).toBe(1));
      test("two", ({ skip }) => skip("there is no moon"));
      test.skipIf(true)("three", () => undefined);
      test.todo("four");`,
    "b.test.ts": `describe("five", () => { test("six", () => expect(1).toBe(1)); });`,
  });
  expect(lines.at(-1)).toBe("2 passed, 0 failed, 3 skipped");
  const told = lines.join("\n");
  expect(told).toMatch(/skipped: there is no moon\n {2}\S+a\.test\.ts: two\n/);
  expect(told).toMatch(/skipped: it is not for this system .*\n {2}\S+a\.test\.ts: three\n/);
  expect(told).toMatch(/skipped: it is still to be written\n {2}\S+a\.test\.ts: four\n/);
  expect(status).toBe(0);
});

test("a failed test, a file that throws and an error outside of tests are failures", () => {
  const { status, lines } = run({
    "a.test.ts": `test("one", () => expect(1).toBe(2)); test("two", () => undefined);`,
    "b.test.ts": `throw new Error("no tests here");`,
    "c.test.ts": `setTimeout(() => { throw new Error("late"); }); test("three", () => new Promise((end) => setTimeout(end, 200)));`,
  });
  expect(lines.at(-1)).toBe("2 passed, 3 failed, 0 skipped");
  expect(status).toBe(1);
});

test("tests that were not prepared count as failed, and are not said to be for another system", () => {
  const fails = `beforeAll(() => { throw new Error("no window"); });`;
  const { status, lines } = run({
    "a.test.ts": `
      import { beforeAll } from "vitest";
      ${fails}
      test("one", () => undefined);
      describe("inside", () => { test("two", () => undefined); });
      test.skip("three", () => undefined);`,
    "b.test.ts": `
      import { beforeAll } from "vitest";
      describe("four", () => { ${fails} test("five", () => undefined); });
      test("six", () => undefined);`,
    "c.test.ts": `
      import { afterAll } from "vitest";
      afterAll(() => { throw new Error("too late"); });
      test("seven", () => undefined);`,
  });
  expect(lines.at(-1)).toBe("2 passed, 4 failed, 1 skipped");
  const told = lines.join("\n");
  expect(told).toMatch(/not run: its file could not be prepared\n {2}\S+a\.test\.ts: one; two\n/);
  expect(told).toMatch(/not run: its group could not be prepared\n {2}\S+b\.test\.ts: five\n/);
  expect(told).toMatch(/skipped: it is not for this system .*\n {2}\S+a\.test\.ts: three\n/);
  expect(status).toBe(1);
});

test("arguments are the test runner's: tests that -t does not name are not counted", () => {
  const files = {
    "a.test.ts": `describe("a", () => { test("one", () => undefined); test("two", () => undefined); });`,
    "b.test.ts": `test("one", () => undefined);`,
  };
  expect(run(files, ["a.test", "-t", "a > one"]).lines.at(-1)).toBe("1 passed, 0 failed, 0 skipped");
});

test("no test file, or no test that ran, is a failure", () => {
  const files = { "a.test.ts": `test.skip("one", () => undefined);` };
  expect(run(files, ["nothing"])).toMatchObject({
    status: 1,
    lines: ["There is no test file of the name nothing.", "0 passed, 1 failed, 0 skipped"],
  });
  expect(run(files).status).toBe(1);
});

test("an Electron is prepared for those that use one", () => {
  const used = filesIn("test").filter((file) => file.endsWith(".test.ts") && usesElectron(join(ROOT, file)));
  expect(used).toEqual(
    expect.arrayContaining(["test/e2e/smoke.test.ts", "test/main/security.test.ts", "test/engine/webgpuStep.test.ts"]),
  );
  expect(used.filter((file) => /^test\/(store|graph|api|image)\//.test(file))).toEqual([]);
});
