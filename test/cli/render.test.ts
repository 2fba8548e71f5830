import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { METHODS } from "../../src-main/scene/methods.ts";
import { DEFAULT_SETTINGS } from "../../src-main/scene/defaults.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { render } from "../../src-main/cli/render.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { decodePng } from "../../src-main/image/png.ts";
import { readSheetRecords } from "../../src-main/image/sheetRecords.ts";
import { fakeEngine, fakeTerminal, type FakeEngineOptions } from "./fakes.ts";

const scene = {
  prompt: "a red circle and a blue square",
  boxes: [
    { phrase: "red circle", box: [0, 0, 0.5, 1] },
    { phrase: "blue square", box: [0.5, 0, 0.5, 1] },
  ],
  width: 64,
  height: 64,
};
let folder: string;
let out: string;
let scenePath: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diorama-render-"));
  out = join(folder, "pictures");
  scenePath = join(folder, "two icons.json");
  writeFileSync(scenePath, JSON.stringify(scene));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `render` with the scene, the folder and `args`. */
async function run(args: string[], options: FakeEngineOptions & { isTTY?: boolean; argv?: string[] } = {}) {
  const { engine, calls } = fakeEngine(options);
  const { terminal, written, interrupt } = fakeTerminal(options);
  const started: unknown[] = [];
  const argv = options.argv ?? [scenePath, "--out", out, ...args];
  const code = await render(argv, terminal, (engineOptions) => {
    started.push(engineOptions);
    return Promise.resolve(engine);
  });
  return { code, calls, started, interrupt, ...written };
}
/** Beside them lies what `--resume` goes on with. */
const pictures = () =>
  existsSync(out) ? readdirSync(out).filter((name) => !name.endsWith(".unfinished.json")).sort() : []; // prettier-ignore

describe("render", () => {
  test("draws one picture per seed, named after scene, seed and method, with all settings inside", async () => {
    const { code, stdout, calls } = await run(["--seeds", "7,18446744073709551615"]);
    expect(code).toBe(0);
    expect(pictures()).toEqual(["two-icons-seed18446744073709551615-ilgd.png", "two-icons-seed7-ilgd.png"]);
    const metadata = readMetadata(readFileSync(join(out, "two-icons-seed18446744073709551615-ilgd.png")));
    expect(metadata).toMatchObject({
      kind: "record",
      record: { seed: "18446744073709551615", scene: calls.scenes[0] },
    });
    expect(stdout).toContain("two-icons-seed7-ilgd.png  1.5 s  red circle 71%, blue square 64%\n");
    expect(calls.stopped).toBe(1);
  });

  test("takes the scene's own seeds, else seed 1", async () => {
    await run([]);
    writeFileSync(scenePath, JSON.stringify({ ...scene, seeds: "3-4" }));
    await run([]);
    expect(pictures()).toEqual(["two-icons-seed1-ilgd.png", "two-icons-seed3-ilgd.png", "two-icons-seed4-ilgd.png"]);
  });

  test("lays the command line's settings over the scene's, and those over the checkpoint's", async () => {
    const args = ["--method", "injection", "--steps", "20", "--scheduler", "euler", "--size", "128x64", "--nu", "2.5"];
    writeFileSync(scenePath, JSON.stringify({ ...scene, steps: 10, lossSteps: [2, 6] }));
    const more = ["--eta", "0", "--karras", "--clip-skip", "2", "--plain-brackets", "--guidance-scale", "3"];
    const { calls } = await run([...args, ...more], { defaults: DEFAULT_SETTINGS });
    expect(calls.scenes[0]!.settings).toEqual({
      width: 128,
      height: 64,
      steps: 20,
      guidanceScale: 3,
      scheduler: "euler",
      karras: true,
      clipSkip: 2,
      promptWeights: false,
      guidance: {
        method: "injection",
        nu: 2.5,
        injectionSteps: { start: 1, end: 4 }, // of the default [1, 11) of 50
        eta: 0,
        lossSteps: { start: 4, end: 12 }, // of the scene's [2, 6) of 10
      },
    });
    const ranges = ["--injection-steps", "0,5", "--loss-steps", "3,20", "--guidance-rescale", "0.5"];
    const again = await run([...args, ...ranges], { defaults: DEFAULT_SETTINGS });
    expect(again.calls.scenes[0]!.settings).toMatchObject({
      guidanceRescale: 0.5,
      guidance: { injectionSteps: { start: 0, end: 5 }, lossSteps: { start: 3, end: 20 } },
    });
    writeFileSync(scenePath, JSON.stringify(scene));
    expect((await run([])).calls.scenes[0]!.settings.steps).toBe(3); // the fake checkpoint's
  });

  test("never overwrites a picture unless it is told to", async () => {
    await run([]);
    await run([]);
    await run([]);
    expect(pictures()).toEqual([
      "two-icons-seed1-ilgd-2.png",
      "two-icons-seed1-ilgd-3.png",
      "two-icons-seed1-ilgd.png",
    ]);
    await run(["--force"]);
    expect(pictures()).toHaveLength(3);
  });

  test("makes a sheet of all pictures", async () => {
    const { stdout } = await run(["--seeds", "1-3", "--sheet"]);
    expect(stdout).toMatch(/two-icons-ilgd-sheet\.png\n$/);
    const { pixels, texts } = decodePng(readFileSync(join(out, "two-icons-ilgd-sheet.png")));
    expect(pixels.width).toBeGreaterThan(3 * 640);
    const sheet = texts.find(({ keyword }) => keyword === "diorama-sheet");
    expect(readSheetRecords(sheet!.text).map(({ seed }) => seed)).toEqual(["1", "2", "3"]);
  });

  test("tries a GPU first and then the processor, or what it is told", async () => {
    const gpu = { linux: "cuda", win32: "dml" }[process.platform as string];
    const load = ({ provider }: { provider: string }) => {
      if (provider !== "cpu")
        throw new AppError("provider-unavailable", "not here", { provider, alternatives: ["cpu"] });
    };
    const auto = await run([], { load });
    expect(auto.calls.loads.map(({ provider }) => provider)).toEqual(gpu === undefined ? ["cpu"] : [gpu, "cpu"]);
    const told = await run(["--provider", "cuda", "--device", "1", "--memory", "low", "--model", "/m"], { load });
    expect(told.code).toBe(4);
    expect(told.calls.loads).toEqual([{ path: "/m", provider: "cuda", deviceId: 1, memory: "low" }]);
    expect(told.stderr).toBe("not here\n");
  });

  test("hands on which parts the checkpoint is taken with, by their full paths, and tells how it was read", async () => {
    const options = ["--vae", "/v/vae.safetensors", "--taesd", "/t", "--draft", "--prediction", "v_prediction"];
    const { calls, stderr } = await run(["--provider", "cpu", ...options], { notes: ["A second copy is left aside."] });
    const parts = { vae: "/v/vae.safetensors", tiny: "/t", draft: true, prediction: "v_prediction" };
    expect(calls.loads).toEqual([expect.objectContaining(parts)]);
    expect(stderr).toContain("A second copy is left aside.");
    const wrong = await run(["--draft", "--prediction", "noise"]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("--draft: needs a tiny autoencoder: --taesd");
    expect(wrong.stderr).toContain("--prediction: expected one of epsilon, v_prediction");
  });

  test("says what the engine warns of", async () => {
    const { stderr } = await run([], {
      warnings: [
        { kind: "phrase-lost", regionId: "box-1", text: "red circle" },
        { kind: "boxes-conflict", regionIds: ["box-1", "box-2"], overlap: 0.25 },
        { kind: "not-enough-memory", neededBytes: 2 ** 32, freeBytes: 2 ** 31 },
      ],
    });
    expect(stderr.split("\n").filter((line) => line.startsWith("warning"))).toEqual([
      'warning: the model does not see "red circle", so the box of "red circle" does nothing; shorten the prompt',
      'warning: the boxes of "red circle" and "blue square" overlap by 25%; they will compete',
      "warning: this needs about 4.0 GiB and 2.0 GiB are free; try --memory low or a smaller --size",
    ]);
  });
});

test("paths are meant from the folder that the command was typed in", async () => {
  const { engine } = fakeEngine();
  const { terminal, written } = fakeTerminal();
  const code = await render(["two icons.json", "--out", "here"], { ...terminal, cwd: folder }, () =>
    Promise.resolve(engine),
  );
  expect(code).toBe(0);
  expect(written.stdout).toContain(join("here", "two-icons-seed1-ilgd.png"));
  expect(readdirSync(join(folder, "here"))).toEqual(["two-icons-seed1-ilgd.png"]);
});

describe("progress", () => {
  test("is a bar on a terminal, with the time left for picture and queue", async () => {
    const { stderr } = await run(["--seeds", "1,2"], { isTTY: true });
    const bars = stderr.split("\r").map((line) => line.replace("\x1b[K", ""));
    expect(bars).toContain(
      "[#############.......] 2/2 seed 2 step 2/3, left 0:01, all 1:01  red circle 71%, blue square 64%",
    );
    const last = "\r\x1b[K2 pictures: red circle 71%, blue square 64% on average\n";
    expect(stderr.slice(-last.length)).toBe(last);
  });

  test("is a line now and then elsewhere", async () => {
    const { stderr } = await run(["--steps", "20"]);
    // The clock of the fake terminal advances a second each time it is looked at.
    expect(stderr.match(/step \d+\/20/g)!.length).toBeLessThan(12);
    expect(stderr).not.toContain("\r");
  });

  test("is nothing with --quiet", async () => {
    const { stdout, stderr } = await run(["--quiet"]);
    expect(stdout + stderr).toBe("");
    expect(pictures()).toHaveLength(1);
  });

  test("is one object per line with --json", async () => {
    const { stdout, stderr } = await run(["--json", "--sheet", "--steps", "2"]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const names = events.map(({ event }) => event);
    expect(names).toEqual(["loading", "model", "step", "step", "image", "sheet", "done"]);
    expect(events[3]).toEqual({
      event: "step",
      seed: "1",
      index: 0,
      step: 2,
      steps: 2,
      elapsed: 2,
      pictureSecondsLeft: 0,
      queueSecondsLeft: 60,
      obedience: { "box-1": 0.71, "box-2": 0.64 },
      loss: 0.5,
    });
    expect(events.at(-1)).toMatchObject({ finished: 1, requested: 1, obedience: { "box-1": 0.71 } });
    expect(stderr).toBe("");
  });
});

describe("what is wrong", () => {
  test.each([
    [["--step", "3"], 'unknown option --step; did you mean "--steps"?'],
    [["-q"], "unknown option -q"],
    [["--steps"], "--steps needs a value: --steps N"],
    [["--steps", "--json"], "--steps needs a value: --steps N"],
    [["--steps", "3", "--steps", "4"], "--steps is given twice"],
    [["--json=yes"], "--json takes no value"],
    [["--steps", "many"], '--steps: expected a whole number from 1 to 1000, got "many"'],
    [["--size", "500x512"], "--size: expected a multiple of 8 from 64 to 2048, got 500; the nearest is 504"],
    [["--size", "big"], '--size: expected WIDTHxHEIGHT such as 512x512, got "big"'],
    [["--method", "igld"], `--method: expected one of ${METHODS.join(", ")}, got "igld"; did you mean "ilgd"?`],
    [
      ["--provider", "gpu"],
      '--provider: expected one of auto, cpu, cuda, dml, webgpu, coreml, got "gpu"; did you mean "cpu"?',
    ],
    [["--memory", "fats"], '--memory: expected one of auto, fast, low, got "fats"; did you mean "fast"?'],
    [["--seeds", "1,x"], '--seeds: "x" is not a seed or a range of seeds such as 7-9'],
    [["--loss-steps", "1-9"], '--loss-steps: expected two steps such as 1,11, got "1-9"'],
    [["--loss-steps", "9,1"], "--loss-steps: the range 9 to 1 runs backwards"],
    [["--karras", "--spacing", "simple"], "--spacing: excludes --karras; give one of them"],
    [["--nu", ""], '--nu: expected a number from 0 to 10, got ""'],
    [["--device", "-1"], '--device: expected a whole number from 0, got "-1"'],
    [["other.json"], "SCENE.json: only one scene file at a time, got "],
  ])("with the options %j is said, with exit code 2", async (args, message) => {
    const { code, stderr, started } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toContain("See: npm run render -- --help");
    expect(started).toEqual([]);
  });

  test("is all said at once", async () => {
    const { stderr } = await run(["--steps", "0", "--nu", "x"]);
    expect(stderr).toContain("--steps: ");
    expect(stderr).toContain("--nu: ");
  });

  test("without a scene is said, with exit code 2", async () => {
    const { code, stderr } = await run([], { argv: [] });
    expect([code, stderr.split("\n")[0]]).toEqual([2, "SCENE.json: a scene file is missing"]);
  });

  test("with the scene is said with its path, exit code 2, and no engine is started", async () => {
    writeFileSync(scenePath, JSON.stringify({ ...scene, boxes: [{ phrase: "red cirlce", box: [0, 0, 2, 1] }] }));
    const wrong = await run([]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toBe(
      `The scene ${scenePath} is wrong:\n` +
        '  boxes[0].phrase: "red cirlce" is not in the prompt; did you mean "red circle"?\n' +
        "  boxes[0].box[2]: expected width from 0 to 1, got 2; boxes are fractions: divide pixels by the picture's size\n",
    );
    writeFileSync(scenePath, '{\n "prompt": "a",\n}');
    expect((await run([])).stderr).toContain("line 2, column 15: the comma before");
    rmSync(scenePath);
    const missing = await run([]);
    expect([missing.code, missing.stderr]).toEqual([2, `cannot read the scene ${scenePath}: there is no such file\n`]);
    expect([...wrong.started, ...missing.started]).toEqual([]);
  });

  test("with the checkpoint has exit code 3", async () => {
    const invalid = new AppError("checkpoint-invalid", "unet: a tensor is missing", { path: "/m" });
    const missing = new AppError("file-unreadable", "There is no folder /m.", { path: "/m" });
    for (const error of [invalid, missing]) {
      const { code, stderr, calls } = await run([], {
        load: () => {
          throw error;
        },
      });
      expect([code, stderr]).toEqual([3, `${error.message}\n`]);
      expect(calls.stopped).toBe(1);
    }
  });

  test("while drawing has exit code 1 and keeps what is finished", async () => {
    const { code, stderr } = await run(["--seeds", "1-3"], {
      beforeStep: ({ seed }) => {
        if (seed === "2") throw new AppError("out-of-memory", "Memory ran out; try --memory low.", {});
      },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/1 of 3 pictures: .*\nMemory ran out; try --memory low\.\n$/);
    expect(pictures()).toEqual(["two-icons-seed1-ilgd.png"]);
  });

  test("with the folder is said before the engine is started, with exit code 1", async () => {
    writeFileSync(out, "a file where the folder should be");
    const { code, stderr, started } = await run([]);
    expect([code, started]).toEqual([1, []]);
    expect(stderr).toMatch(/^cannot write pictures to .*Choose another folder with --out\.\n$/);
  });

  test("with this program is said without a stack, and with one for who asks", async () => {
    const beforeStep = () => {
      throw new TypeError("x is not a function");
    };
    const { code, stderr } = await run(["--quiet"], { beforeStep });
    expect([code, stderr]).toEqual([
      1,
      "x is not a function\nThis is a bug of Diorama. Run again with DIORAMA_DEBUG=1 for details to report.\n",
    ]);
  });

  test("is an event too with --json", async () => {
    const { stdout, stderr } = await run(["--json"], {
      load: () => {
        throw new AppError("checkpoint-invalid", "broken", { path: "/m" });
      },
    });
    expect(stdout).toBe('{"event":"error","code":"checkpoint-invalid","message":"broken","exitCode":3}\n');
    expect(stderr).toBe("broken\n");
  });
});

describe("Ctrl-C", () => {
  test("stops after the step, keeps finished pictures and exits with 130", async () => {
    const { engine, calls } = fakeEngine({
      beforeStep: ({ seed, step }) => {
        if (seed === "2" && step === 2) world.interrupt();
      },
    });
    const world = fakeTerminal();
    const code = await render([scenePath, "--out", out, "--seeds", "1-3"], world.terminal, () =>
      Promise.resolve(engine),
    );
    expect(code).toBe(130);
    expect(pictures()).toEqual(["two-icons-seed1-ilgd.png"]);
    expect(world.written.stderr).toMatch(
      /Stopping after this step; press Ctrl-C again to stop at once\.\n1 of 3 pictures: .*\nInterrupted\.\n$/,
    );
    expect([calls.killed, calls.stopped, world.written.exits]).toEqual([0, 1, []]);
  });

  test("a second time ends at once", async () => {
    const { engine, calls } = fakeEngine({
      beforeStep: () => {
        world.interrupt();
        world.interrupt();
      },
    });
    const world = fakeTerminal();
    await render([scenePath, "--out", out], world.terminal, () => Promise.resolve(engine));
    expect([calls.killed, world.written.exits]).toEqual([1, [130]]);
  });

  test("while the checkpoint is opened ends the engine", async () => {
    const { engine, calls } = fakeEngine({ load: () => world.interrupt() });
    const world = fakeTerminal();
    const code = await render([scenePath, "--out", out, "--provider", "cpu"], world.terminal, () =>
      Promise.resolve(engine),
    );
    expect([code, calls.killed, pictures()]).toEqual([130, 1, []]);
  });
});

test("--help lists every exit code, --version is the package's", async () => {
  const help = await run([], { argv: ["--help"] });
  expect(help.code).toBe(0);
  for (const code of [0, 1, 2, 3, 4, 130]) expect(help.stdout).toMatch(new RegExp(`^  ${code} +\\w`, "m"));
  expect((await run([], { argv: ["--version"] })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
