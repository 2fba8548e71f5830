/** Which of a provider's own operators are used, what is told of that, and that nothing breaks where they do not work. */
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { afterEach, describe, expect, test, vi } from "vitest";
import { carriedProviders, reportProvider, type ProbeOptions } from "../../src-main/engine/providers.ts";
import { type FormFinding, formsAsked, ownFormsOf, toldOfForms } from "../../src-main/engine/sessions/ownOperators.ts";
import { tryForms } from "../../src-main/engine/sessions/formProbe.ts";
import { OrtSession } from "../../src-main/engine/sessions/session.ts";
import { GraphBuilder } from "../../src-main/graph/builder.ts";
import { forkNode } from "../../src-main/service/child.ts";
import { normals } from "../support/randomNumbers.ts";

afterEach(() => vi.restoreAllMocks());

const create = ort.InferenceSession.create.bind(ort.InferenceSession) as (
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions,
) => Promise<ort.InferenceSession>;

/** Sessions of any provider on the processor, but what `own` does to those that are of operators that the processor has not. */
function standIn(own: (opened: Error) => Promise<ort.InferenceSession>) {
  const opened: string[] = [];
  vi.spyOn(ort.InferenceSession, "create").mockImplementation(async (...of: unknown[]) => {
    const [model, options] = of as [Uint8Array, ort.InferenceSession.SessionOptions];
    try {
      const session = await create(model, { ...options, executionProviders: ["cpu"] });
      opened.push("plain");
      return session;
    } catch (error) {
      opened.push("own");
      return own(error as Error);
    }
  });
  return opened;
}

/** GEGLU of x [3, 4] at a width of 2560. */
function geglu() {
  const g = new GraphBuilder();
  const x = g.input("x", "float32", [3, 4]);
  const half = (seed: number) =>
    g.gemm(x, g.constant(normals([1280, 4], seed), "float32", [1280, 4]), g.constant(seed, "float32", [1280]), { b: true }); // prettier-ignore
  return g.finish({ y: g.mul(half(1), g.gelu(half(2))) });
}

const feeds = { x: Float32Array.from(normals([3, 4], 9)) };
const cuda = { provider: "cuda", memory: "fast" } as const;

async function plainNumbers() {
  const session = await OrtSession.open(geglu(), { provider: "cpu", memory: "fast" });
  return (await session.run(feeds))["y"]!;
}

describe("a session in a provider's own operators", () => {
  test("that does not open is opened in plain ones, and says why", async () => {
    const opened = standIn((error) => Promise.reject(error));
    const notes: string[] = [];
    const session = await OrtSession.open(geglu(), { ...cuda, forms: ["splitGelu"], note: (text) => notes.push(text) });
    expect(opened).toEqual(["own", "plain"]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^cuda goes without its own operators: .*BiasSplitGelu/);
    expect((await session.run(feeds))["y"]).toEqual(await plainNumbers());
  });

  test("that fails in a run is closed and opened in plain ones, and the run is done", async () => {
    const expected = await plainNumbers();
    const release = vi.fn(() => Promise.resolve());
    const run = vi.fn(() => Promise.reject(new Error("the kernel is not implemented")));
    const opened = standIn(() => Promise.resolve({ run, release } as unknown as ort.InferenceSession));
    const notes: string[] = [];
    const session = await OrtSession.open(geglu(), { ...cuda, forms: ["splitGelu"], note: (text) => notes.push(text) });
    expect([opened, notes]).toEqual([["own"], []]);
    const [first, second] = await Promise.all([session.run(feeds), session.run(feeds)]);
    expect([first["y"], second["y"]]).toEqual([expected, expected]);
    expect(opened).toEqual(["own", "plain"]);
    expect(notes).toEqual(["cuda goes without its own operators: the kernel is not implemented"]);
    expect(release).toHaveBeenCalledTimes(1);
  });

  test("is not asked for where the provider has none, or nobody says that they are right", async () => {
    const opened = standIn((error) => Promise.reject(error));
    for (const options of [
      cuda,
      { ...cuda, forms: [] },
      { ...cuda, provider: "coreml", forms: ["splitGelu"] },
    ] as const) {
      await OrtSession.open(geglu(), options);
    }
    expect(opened).toEqual(["plain", "plain", "plain"]);
  });

  test("whose plain operators fail, too, is an error", async () => {
    vi.spyOn(ort.InferenceSession, "create").mockRejectedValue(new Error("no device"));
    const opening = OrtSession.open(geglu(), { ...cuda, forms: ["splitGelu"] });
    await expect(opening).rejects.toMatchObject({ code: "provider-unavailable" });
  });
});

describe("trying them", () => {
  test("those that cannot be opened or are off are not used, each by itself", async () => {
    // Twice of what there is of y stands for an operator that is wrong.
    const wrong = { run: () => Promise.resolve({ y: new ort.Tensor("float32", new Float32Array(64 * 1280).fill(7), [64, 1280]) }), release: () => Promise.resolve() }; // prettier-ignore
    standIn(
      (error) =>
      /BiasSplitGelu/.test(error.message) ? Promise.resolve(wrong as unknown as ort.InferenceSession) : Promise.reject(error), // prettier-ignore
    );
    const findings = await tryForms(cuda);
    expect(findings.map(({ form }) => form)).toEqual(ownFormsOf("cuda"));
    const [gelu, attention, channels] = findings.map(({ wrong: reason }) => reason);
    expect(gelu).toMatch(/^off by \d.* in float32$/);
    expect(attention).toMatch(/not implemented for CPU/i);
    expect(channels).toMatch(/NhwcConv|GroupNorm/);
  });

  test("a driver that dies of them still works", async () => {
    const entry = fileURLToPath(new URL("../support/brokenForms.ts", import.meta.url));
    const probe: ProbeOptions = { fork: forkNode(), env: process.env, entry };
    const provider = carriedProviders().find((name) => ownFormsOf(name).length > 0)!;
    const report = await reportProvider(probe, provider);
    expect(report).toMatchObject({ available: true, forms: [] });
    expect(report.detail).toContain("not used, the driver ended the process (SIGABRT): device lost in libbroken.so.");
  });
});

test("an environment variable says without trying", () => {
  expect([formsAsked("cuda", undefined), formsAsked("cuda", "fast")]).toEqual(["tried", "tried"]);
  expect([formsAsked("cuda", "plain"), formsAsked("cuda", "own")]).toEqual([[], ownFormsOf("cuda")]);
  expect([formsAsked("cpu", undefined), formsAsked("cpu", "own")]).toEqual([[], []]);
});

test("what is used is told in words", () => {
  const findings: FormFinding[] = [
    { form: "splitGelu" },
    { form: "packedAttention", wrong: "off by 0.061 in float16" },
    { form: "channelsLast" },
  ];
  expect(toldOfForms("cuda", findings, undefined)).toBe(
    "Its own operators that gave the plain ones' numbers are used: BiasSplitGelu and GroupNorm and NhwcConv. packed MultiHeadAttention: not used, off by 0.061 in float16.",
  );
  expect(toldOfForms("cuda", [], "plain")).toBe("None of its own operators are used, as DIORAMA_OPERATORS says.");
  expect(toldOfForms("webgpu", [], "own")).toBe("Its own operators are used untried, as DIORAMA_OPERATORS says: BiasSplitGelu."); // prettier-ignore
  expect(toldOfForms("cpu", [], "all")).toBe('DIORAMA_OPERATORS is "all" and counts for nothing: plain or own was expected.'); // prettier-ignore
  expect(toldOfForms("cpu", [], undefined)).toBe("");
});
