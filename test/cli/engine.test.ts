/** `npm run engine`: what it says of wrong words, who is paired, and that it ends when it is told to. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { engine } from "../../src-main/cli/engine.ts";
import { PairedMachines } from "../../src-main/remote/pairedMachines.ts";
import { temporaryFolder } from "../support/projects.ts";
import { fakeTerminal } from "./fakes.ts";

async function run(data: string, ...argv: string[]) {
  const { terminal, written } = fakeTerminal();
  const code = await engine([...argv, "--data", data], { ...terminal, cwd: data });
  return { code, ...written };
}

test.each([
  [["--pair"], "Give one of --listen, --paired and --revoke."],
  [["--listen", "--paired"], "Give one of"],
  [["--listen", "a", "b"], "unexpected: b"],
  [["--paired", "a"], "unexpected: a"],
  [["--listn"], "did you mean"],
  [["--listen", "a b"], "is no address"],
  [["--listen", "127.0.0.1:1", "--name", "a\nb"], "--name: expected"],
])("%j is met with what is meant", async (argv, said) => {
  const { code, stderr } = await run(temporaryFolder(), ...argv);
  expect(stderr).toContain(said);
  expect(code).toBe(2);
});

test("machines are listed, and shut out by name", async () => {
  const data = temporaryFolder();
  expect((await run(data, "--paired")).stdout).toMatch(/^No machine is paired/);
  const paired = new PairedMachines(join(data, "machines", "paired.json"));
  paired.add("laptop", "a".repeat(64), new Date("2026-11-01T10:00Z"));
  expect((await run(data, "--paired")).stdout).toBe(`laptop  paired 2026-11-01, last here never  ${"a".repeat(16)}\n`);
  expect(await run(data, "--revoke", "latop")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("laptop") as unknown,
  });
  expect((await run(data, "--revoke", "laptop")).stdout).toBe("“laptop” may not draw on this machine any more.\n");
  expect((await run(data, "--paired")).stdout).toContain("revoked");
});
