/** An engine without a model: opens nothing, and paints each box in the colour that its words name. */
import { DEFAULT_SETTINGS } from "../../../src-main/scene/defaults.ts";
import type { AttentionMaps, EngineApi, GeneratedImage, ModelSummary, Pixels } from "../../../src-main/api/engine.ts";
import { AppError } from "../../../src-main/wire/errors.ts";
import { DEMO_MODEL } from "../../../src-main/api/main.ts";
import type { Scene } from "../../../src-main/scene/scene.ts";
import type { Draft } from "../../../src-main/api/store.ts";
import type { Listener, OpenedApi } from "../../../src-main/engine/host.ts";
import type { JobsOptions } from "../../../src-main/main/jobs.ts";

const SIZE = 64;

export const SUMMARY: ModelSummary = {
  path: DEMO_MODEL,
  name: "Demo",
  provider: "cpu",
  memory: "fast",
  precision: "float32",
  weightBytes: 13_200_000,
  parameters: 3_300_000,
  maxTokens: 77,
  pixelsPerLatent: 4,
  family: "sd1",
  prediction: "epsilon",
  notes: [],
  defaults: { ...DEFAULT_SETTINGS, width: SIZE, height: SIZE },
};

export const SAMPLE: Draft = {
  scene: {
    prompt: "a red circle and a blue square on a white background",
    negativePrompt: "",
    regions: [
      {
        id: "circle",
        box: { x: 0.0625, y: 0.3125, width: 0.375, height: 0.375 },
        spans: [{ start: 2, end: 12 }],
        strength: 1,
      },
      {
        id: "square",
        box: { x: 0.5625, y: 0.3125, width: 0.375, height: 0.375 },
        spans: [{ start: 19, end: 30 }],
        strength: 1,
      },
    ],
    settings: SUMMARY.defaults,
  },
  seeds: "1-4",
  model: { path: DEMO_MODEL, provider: "cpu", memory: "auto" },
  editor: {},
};

type Request = Parameters<EngineApi["generate"]>[0];

/** What jobs need of an engine. */
export function painter(): JobsOptions["engine"] {
  const cancelled = new Set<string>();
  const cancel = ({ jobId, index }: { jobId: string; index?: number }) =>
    void cancelled.add(`${jobId}:${index ?? "all"}`);
  const draw = async ({ jobId, scene, seeds }: Request, { onStep, onImage }: Listener) => {
    const { steps } = scene.settings;
    let finished = 0;
    for (const [index, seed] of seeds.entries()) {
      const isCancelled = () => cancelled.has(`${jobId}:${index}`) || cancelled.has(`${jobId}:all`);
      const obedience: Record<string, number>[] = [];
      for (let step = 1; step <= steps && !isCancelled(); step++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        const share = (i: number) => Math.min(0.9, (step / steps) * Math.max(0.1, 0.8 - 0.25 * i));
        obedience.push(Object.fromEntries(scene.regions.map(({ id }, i) => [id, share(i)])));
        const times = { elapsed: 0, pictureSecondsLeft: 0, queueSecondsLeft: 0 };
        onStep?.({ jobId, seed, index, step, steps, ...times, obedience: obedience.at(-1)!, attention: look(scene) });
      }
      if (isCancelled()) continue;
      finished++;
      onImage?.(pictureOf(jobId, index, seed, scene, obedience));
    }
    if (finished === 0) throw new AppError("cancelled", "Cancelled before the first picture.", {});
    return { finished };
  };
  return {
    with: (_model, send, listener) => {
      const api: Pick<OpenedApi, "atOnce" | "generate" | "cancel"> = {
        atOnce: () => Promise.resolve(1),
        generate: (request) => draw(request, listener ?? {}),
        cancel: async (target) => {
          await Promise.resolve();
          cancel(target);
        },
      };
      return send(api as OpenedApi);
    },
    cancel,
    nameOf: () => SUMMARY.name,
  };
}

function pictureOf(
  jobId: string,
  index: number,
  seed: string,
  scene: Scene,
  obedience: Record<string, number>[],
): GeneratedImage {
  const record: GeneratedImage["record"] = {
    version: 1,
    scene,
    seed,
    model: { name: SUMMARY.name, hash: "sampled-sha256:0" },
    tokens: {},
    obedience: obedience.at(-1) ?? {},
    engine: { app: "0.1.0", onnxruntime: "1.30.0", provider: "cpu", precision: "float32", noise: "torch-cpu" },
  };
  const pixels = paint(scene, Number(seed));
  return { jobId, index, seed, pixels, obedience, attention: look(scene), seconds: 3.1, record };
}

const COLORS: Record<string, [number, number, number]> = {
  red: [214, 48, 49],
  blue: [48, 92, 222],
  green: [38, 160, 80],
  yellow: [240, 196, 40],
};

function paint({ regions, prompt }: Scene, seed: number): Pixels {
  const data = new Uint8Array(SIZE * SIZE * 4).fill(250);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const x = (i % SIZE) / SIZE;
    const y = Math.floor(i / SIZE) / SIZE;
    for (const { box, spans } of regions) {
      const words = spans.map(({ start, end }) => prompt.slice(start, end)).join(" ");
      const u = (x - box.x) / box.width - 0.5;
      const v = (y - box.y) / box.height - 0.5;
      const inside = words.includes("circle") ? u * u + v * v < 0.2 : Math.max(Math.abs(u), Math.abs(v)) < 0.42;
      const color = COLORS[Object.keys(COLORS).find((name) => words.includes(name)) ?? "green"]!;
      if (inside) data.set(color, i * 4);
    }
    const grain = 8 * (((Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1) - 0.5);
    for (let c = 0; c < 3; c++) data[i * 4 + c] = Math.min(255, Math.max(0, data[i * 4 + c]! + grain));
    data[i * 4 + 3] = 255;
  }
  return { width: SIZE, height: SIZE, data };
}

function look({ regions }: Scene): AttentionMaps {
  const side = 16;
  const maps = regions.map(({ id, box }) => {
    const map = Float32Array.from({ length: side * side }, (_, i) => {
      const u = ((i % side) + 0.5) / side - box.x - box.width / 2;
      const v = (Math.floor(i / side) + 0.5) / side - box.y - box.height / 2;
      return Math.exp(-(u * u + v * v) * 30);
    });
    const sum = map.reduce((a, b) => a + b, 0);
    return [id, map.map((value) => value / sum)] as const;
  });
  return { width: side, height: side, regions: Object.fromEntries(maps) };
}
