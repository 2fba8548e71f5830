import { describe, expect, test } from "vitest";
import type { ProviderReport } from "../../src-main/api/engine.ts";
import { doctor, type Diagnosis } from "../../src-main/cli/doctor.ts";
import { fakeTerminal } from "./fakes.ts";

const cpu: ProviderReport = { provider: "cpu", available: true, detail: "a processor" };
const cuda: ProviderReport = { provider: "cuda", available: false, detail: "CUDA needs a driver. ".repeat(6).trim() };

async function run(argv: string[], providers = () => Promise.resolve([cpu, cuda])) {
  const { terminal, written } = fakeTerminal();
  const code = await doctor(argv, terminal, { providers });
  return { code, ...written };
}

describe("the doctor", () => {
  test("says what can run and why the rest cannot", async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Diorama \d+\.\d+\.\d+, Node \d+.*, ONNX Runtime \d+/);
    expect(stdout).toContain("  yes cpu     a processor\n  no  cuda    CUDA needs a driver.");
    expect(stdout).toMatch(/yes demo model, .*resources.models.demo: complete/);
    expect(stdout).toMatch(/yes temporary files, /);
    expect(stdout).toMatch(/\nPictures can be drawn here\.\n$/);
    for (const line of stdout.split("\n").slice(4))
      expect(line.startsWith("  ") ? line.slice(0, 14) : "").not.toContain("\t");
  });

  test("says the same as JSON", async () => {
    const { code, stdout } = await run(["--json"]);
    const diagnosis = JSON.parse(stdout) as Diagnosis;
    expect(code).toBe(0);
    expect(diagnosis.providers).toEqual([cpu, cuda]);
    expect(diagnosis).toMatchObject({
      usable: true,
      demoModel: { found: true },
      machine: { architecture: process.arch },
    });
  });

  test("exits with 1 when nothing can run, and still reports when the engine does not start", async () => {
    expect((await run([], () => Promise.resolve([cuda]))).code).toBe(1);
    const broken = await run([], () => Promise.reject(new Error("no such binary")));
    expect(broken.code).toBe(1);
    expect(broken.stdout).toContain("the engine does not start: no such binary");
  });

  test("knows a model that is not there", async () => {
    const { terminal, written } = fakeTerminal();
    await doctor([], terminal, { providers: () => Promise.resolve([cpu]), demoModel: "/nowhere" });
    expect(written.stdout).toMatch(/no {2}demo model, \/nowhere: model_index\.json, .* missing; /);
  });

  test("meets unknown options with the ones that exist", async () => {
    const { code, stderr } = await run(["--jason"]);
    expect([code, stderr.split("\n")[0]]).toEqual([2, 'unknown option --jason; did you mean "--json"?']);
  });

  test("helps", async () => {
    expect((await run(["--help"])).stdout).toContain("npm run doctor");
  });
});
