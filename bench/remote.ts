/**
 * What drawing on another machine costs in time and bytes over a link of 10 Mbit/s and 100 ms there and back, with and without 1% of lost
 * packets: `npm run bench:remote`. The engine and the demo model are real, the link is bench/slowLink.ts.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadRequest, Pixels } from "../src-main/api/engine.ts";
import { machinePath } from "../src-main/api/machines.ts";

import { startEngine } from "../src-main/engine/host.ts";
import { encodePng } from "../src-main/image/png.ts";
import { resize } from "../src-main/image/resize.ts";
import { openModels } from "../src-main/models/host.ts";
import type { MachinesApi, MachinesEvents } from "../src-main/remote/api.ts";
import { Hosting } from "../src-main/remote/hosting.ts";
import { identityIn } from "../src-main/remote/identity.ts";
import { PairedMachines } from "../src-main/remote/pairedMachines.ts";
import { EngineServer } from "../src-main/remote/server.ts";
import { runService } from "../src-main/remote/service.ts";
import { parseSceneText } from "../src-main/scene/parser.ts";
import { AppError } from "../src-main/wire/errors.ts";
import { connect, type Port } from "../src-main/wire/rpc.ts";
import { startLink, type LinkOptions } from "./slowLink.ts";

const ROOT = join(import.meta.dirname, "..");
const LINKS: Record<string, LinkOptions> = {
  loopback: { roundTrip: 0.1, rate: 1e10, loss: 0 },
  "100 ms, 10 Mbit/s": { roundTrip: 100, rate: 1e7, loss: 0 },
  "100 ms, 10 Mbit/s, 1% loss": { roundTrip: 100, rate: 1e7, loss: 0.01 },
};

/** Two ends that hand over what is said, late. */
function ports(): { near: Port; far: Port; close: () => void } {
  const ends = [0, 1].map(() => ({
    messages: [] as ((m: unknown) => void)[],
    closes: [] as ((why: AppError) => void)[],
  }));
  const port = (own: number): Port => ({
    post: (message) => queueMicrotask(() => ends[1 - own]!.messages.forEach((listener) => listener(message))),
    onMessage: (listener) => void ends[own]!.messages.push(listener),
    onClose: (listener) => void ends[own]!.closes.push(listener),
  });
  const why = new AppError("cancelled", "The measurement is over.", {});
  return {
    near: port(0),
    far: port(1),
    close: () => ends.forEach(({ closes }) => closes.forEach((listener) => listener(why))),
  };
}

const timed = async (task: () => Promise<unknown>) => {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
};
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const folder = await mkdtemp(join(tmpdir(), "diorama-bench-"));
const engine = await startEngine({ demoModel: join(ROOT, "resources/models/demo"), onLine: () => undefined });
const models = openModels({ dataFolder: folder, lasting: false, onLine: () => undefined });
const identity = await identityIn(join(folder, "host"));
const paired = new PairedMachines(join(folder, "host", "paired.json"));
const provider = { provider: "cpu", available: true, detail: "" } as const;
const hosting = new Hosting({
  engine: {
    with: (...call) => engine.with(...call),
    load: (...call) => engine.load(...call),
    cancel: (target) => engine.cancel(target),
    summaryOf: (model) => engine.summaryOf(model),
    api: { ...engine.api, providers: () => Promise.resolve([provider]) },
  },
  models,
  name: "Workstation",
  app: "0",
});
const address = { host: "127.0.0.1", port: 0 };
const server = new EngineServer({
  identity,
  paired,
  hosting,
  name: "Workstation",
  app: "0",
  address,
  say: () => undefined,
});
const { port } = await server.listen();
const own: LoadRequest = { path: "diorama:demo", provider: "cpu", memory: "auto" };
const { defaults } = await engine.load(own);
const { scene } = parseSceneText(readFileSync(join(ROOT, "resources/examples/two-icons.json"), "utf8"), defaults, {
  steps: 8,
});

let picture: Pixels | undefined;
const request = (jobId: string, previewEvery: number) => ({
  jobId,
  scene,
  seeds: ["1"],
  previewEvery,
  attention: false,
});
let local = 0;
for (const jobId of ["warm", "here"]) {
  local = await timed(() => engine.with(own, (api) => api.generate(request(jobId, 1)), { jobs: [jobId], onImage: ({ pixels }) => (picture = pixels) })); // prettier-ignore
}
const bytes = encodePng(picture!).length;
console.log(`picture ${picture!.width} x ${picture!.height}: ${bytes} bytes as PNG, drawn here in ${(local / 1e3).toFixed(2)} s with a preview each step`); // prettier-ignore

for (const [name, options] of Object.entries(LINKS)) {
  const link = await startLink(port, options);
  const { near, far, close } = ports();
  const at = join(folder, name.replace(/\W/g, ""));
  const ended = new Promise<void>((resolve) => runService(far, { folder: at, app: "0" }, resolve));
  const { api, on } = connect<MachinesApi, MachinesEvents>(near);
  const connected = new Promise<string>((resolve) => {
    on("machines", ({ machines: [first] }) => first?.info && first.state === "connected" && resolve(first.id));
  });
  const pairing = await timed(() => api.pairMachine({ address: `127.0.0.1:${link.port}`, code: server.beginPairing().code })); // prettier-ignore
  const begun = performance.now();
  const model: LoadRequest = { ...own, path: machinePath(await connected, "demo") };
  const connecting = performance.now() - begun;
  await api.load({ call: "1", model });
  const trips: number[] = [];
  for (let i = 0; i < 15; i++) trips.push(await timed(() => api.tokenize({ call: "1", model, text: { prompt: "a red circle", promptWeights: true } }))); // prettier-ignore
  const drawing: string[] = [];
  for (const [what, previewEvery] of [
    ["no preview", 0],
    ["a preview each step", 1],
  ] as const) {
    let steps = 0;
    const stop = on("step", () => steps++);
    const before = link.bytes.down;
    const took = await timed(() => api.draw({ model, request: request(`${name} ${what}`, previewEvery) }));
    stop();
    drawing.push(`${what} ${(took / 1e3).toFixed(2)} s, ${((link.bytes.down - before) / 1e3).toFixed(0)} kB, ${steps} of ${scene.settings.steps} steps shown`); // prettier-ignore
  }
  // A picture to go on from is the largest thing that can be sent at will: noise, which no PNG shrinks, and the picture itself.
  const sent: string[] = [];
  for (const side of [512, 1_024]) {
    const large = resize(picture!, side, side);
    const noise = Uint8Array.from(randomBytes(side * side * 4), (value, i) => (i % 4 === 3 ? 255 : value));
    for (const [what, start] of [
      ["drawn", large],
      ["noise", { width: side, height: side, data: noise }],
    ] as const) {
      const from = { hash: "0".repeat(64), strength: 0.01 };
      const begins = { ...request(`${name} ${what} ${side}`, 0), scene: { ...scene, start: from }, start };
      const before = link.bytes.up;
      const took = await timed(() => api.draw({ model, request: begins }).catch(() => undefined)); // the hash is another: it is refused once it is there
      const up = link.bytes.up - before;
      sent.push(`${side} x ${side} ${what} ${(up / 1e3).toFixed(0)} kB in ${(took / 1e3).toFixed(2)} s`);
    }
  }
  console.log(`${name}: paired ${pairing.toFixed(0)} ms, connected ${connecting.toFixed(0)} ms, a question ${median(trips).toFixed(0)} ms (at worst ${Math.max(...trips).toFixed(0)})`); // prettier-ignore
  for (const line of [...drawing, ...sent]) console.log(`  ${line}`);
  close();
  await ended;
  await link.close();
}
await server.close();
await Promise.all([engine.stop(), models.stop()]);
await rm(folder, { recursive: true, force: true });
