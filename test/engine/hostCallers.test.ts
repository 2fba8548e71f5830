/** One engine for many callers: each with a checkpoint of its own choice, each told what comes of its own calls. */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { LoadRequest } from "../../src-main/api/engine.ts";
import { DEMO_MODEL } from "../../src-main/api/main.ts";
import {
  startEngine,
  type Engine,
  type EngineExit,
  type Listener,
  type OpenedApi,
} from "../../src-main/engine/host.ts";
import { fakeScene } from "../support/fakePipeline.ts";

const entry = fileURLToPath(new URL("../support/fakeEngine.ts", import.meta.url));
const cats: LoadRequest = { path: "cats", provider: "cpu", memory: "auto" };
const dogs: LoadRequest = { ...cats, path: "dogs" };
const engines: Engine[] = [];

async function start() {
  const engine = await startEngine({ entry, onLine: () => undefined, demoModel: "/resources/demo" });
  engines.push(engine);
  const opened: string[] = [];
  engine.on("log", ({ message }) => opened.push(/^opened (\S+)/.exec(message)![1]!));
  const exits: EngineExit[] = [];
  engine.on("exit", (exit) => exits.push(exit));
  return { engine, opened, exits };
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop(1_000)));
});

function caller(...jobs: string[]): { told: string[]; listener: Listener } {
  const told: string[] = [];
  const listener: Listener = {
    jobs,
    onLoading: ({ message }) => told.push(`loading: ${message}`),
    onStep: ({ jobId, step }) => told.push(`step ${step} of ${jobId}`),
    onImage: ({ jobId }) => told.push(`image of ${jobId}`),
  };
  return { told, listener };
}

const OPENED = ["loading: half", "loading: open"];
const draw =
  (jobId: string, prompt = "a cat") =>
  (api: OpenedApi) =>
    api.generate({ jobId, scene: fakeScene(prompt, 2), seeds: ["1"], previewEvery: 0, attention: false });

test("steps, pictures and the opening of a checkpoint are told to the call that they belong to", async () => {
  const { engine, opened } = await start();
  const [a, b] = [caller("job a"), caller("job b")];
  const replies = [
    engine.with(cats, draw("job a"), a.listener),
    engine.with(dogs, draw("job b"), b.listener),
    engine.with(dogs, draw("job c")), // by somebody who does not listen
  ];
  expect(await Promise.all(replies)).toEqual([{ finished: 1 }, { finished: 1 }, { finished: 1 }]);
  expect(a.told).toEqual([...OPENED, "step 1 of job a", "step 2 of job a", "image of job a"]);
  expect(b.told).toEqual([...OPENED, "step 1 of job b", "step 2 of job b", "image of job b"]);
  expect(opened).toEqual(["cats", "dogs"]);
});

test("a call that fails is told of no more", async () => {
  const { engine } = await start();
  const { told, listener } = caller("job");
  await expect(engine.with(cats, () => Promise.reject(new Error("no")), listener)).rejects.toThrow("no");
  await engine.with(cats, draw("job"));
  expect(told).toEqual(OPENED);
});

test("a checkpoint that is open is not opened again, whoever asks", async () => {
  const { engine, opened } = await start();
  expect(engine.summaryOf(cats)).toBeUndefined();
  expect(engine.nameOf({ ...cats, path: "/models/cats" })).toBe("cats");
  // Parts that make other pictures make another name; what only draws previews does not.
  const parts = { vae: "/v/soft.safetensors", tiny: "/t/taesd_decoder.safetensors" };
  expect(engine.nameOf({ ...cats, path: "/models/cats", ...parts })).toBe("cats, VAE soft.safetensors");
  expect(engine.nameOf({ ...cats, path: "/models/cats", ...parts, draft: true })).toBe(
    "cats, draft by taesd_decoder.safetensors",
  );
  expect(engine.nameOf({ ...cats, path: "/models/cats", prediction: "v_prediction" })).toBe("cats, as velocity");
  const [first, second] = await Promise.all([engine.load(cats), engine.load({ ...cats })]);
  expect(second).toEqual(first);
  expect(engine.summaryOf(cats)).toEqual(first);
  await engine.api.tokenize({ prompt: "a cat", promptWeights: true });
  expect(opened).toEqual(["cats"]);
});

test("a checkpoint that does not open leaves the others in use", async () => {
  const { engine, opened } = await start();
  await engine.load(cats);
  await expect(engine.load({ ...cats, path: "missing" })).rejects.toMatchObject({ code: "file-unreadable" });
  expect(engine.summaryOf({ ...cats, path: "missing" })).toBeUndefined();
  await engine.with(cats, draw("job"));
  await engine.with(dogs, draw("job"));
  expect(opened).toEqual(["cats", "cats", "dogs"]);
});

test("after a crash the checkpoint is opened for the next call, and told to it", async () => {
  const { engine, exits } = await start();
  await engine.load(cats);
  await expect(engine.with(cats, draw("job", "crash"))).rejects.toMatchObject({ code: "service-crashed" });
  expect(exits).toMatchObject([{ expected: false, killed: false }]);
  const { told, listener } = caller();
  expect(await engine.wake(listener)).toMatchObject({ name: "cats" });
  expect(told).toEqual(OPENED);
});

test("an end that a person wished is told apart from one that a new checkpoint brings", async () => {
  const { engine, exits } = await start();
  engine.kill(); // nothing runs: no later end is meant
  await engine.load(cats);
  await engine.load(dogs);
  expect(exits).toMatchObject([{ expected: true, killed: false }]);
  engine.kill();
  await expect.poll(() => exits.length).toBe(2);
  expect(exits[1]).toMatchObject({ expected: true, killed: true });
});

test("an engine that has opened nothing has nothing to wake", async () => {
  const { engine } = await start();
  expect(await engine.wake({})).toBeUndefined();
  expect(engine.pid).toBeUndefined();
});

test("the demo checkpoint goes by its name, wherever it lies", async () => {
  const { engine, opened } = await start();
  const demo = { ...cats, path: DEMO_MODEL };
  expect(engine.nameOf(demo)).toBe("demo");
  expect((await engine.load(demo)).path).toBe(DEMO_MODEL);
  expect(opened).toEqual(["/resources/demo"]);
});
