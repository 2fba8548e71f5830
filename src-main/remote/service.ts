/** What the process that speaks with other machines does with each request of main. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { GenerateRequest, LoadRequest } from "../api/engine.ts";
import { type FoundMachine, readMachinePath } from "../api/machines.ts";
import { parseRecord } from "../image/metadata.ts";
import { encodePng } from "../image/png.ts";
import { statedSize } from "../image/pngChunks.ts";
import { AppError, messageOf } from "../wire/errors.ts";
import { type Port, serve, type Server } from "../wire/rpc.ts";
import { lookAround } from "./announce.ts";
import { type MachinesApi, type MachinesEvents, machinesSchemas } from "./api.ts";
import { MOST_AT_ONCE, type ModelThere, type RemoteEvents } from "./contract.ts";
import { pair, readAddress, showAddress } from "./dial.ts";
import { type Identity, identityIn } from "./identity.ts";
import { KnownMachines } from "./knownMachines.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { type KnownMachine, RemoteMachine } from "./machine.ts";
import { pixelsOf } from "./pack.ts";
import { readCode } from "./pairingCode.ts";
import { portable, portableText, without } from "../scene/portable.ts";
import { ownName } from "./ownName.ts";

export interface MachinesServiceOptions {
  /** Where identity and known machines are kept. */
  folder: string;
  app: string;
  limits?: Partial<Limits>;
  retries?: readonly number[];
}

/** Milliseconds from one try to the next. */
const RETRIES = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** Changes of state come in swarms. */
const TELL_EVERY = 50;

export function runService(
  port: Port,
  { folder, app, retries = RETRIES, ...options }: MachinesServiceOptions,
  onEnd: () => void,
): void {
  const limits = { ...LIMITS, ...options.limits };
  const known = new KnownMachines(join(folder, "machines.json"));
  const machines = new Map<string, RemoteMachine>();
  /** Names of pictures there, by their names here, and the other way round. */
  const jobs = new Map<string, { call: string; machine: RemoteMachine; request: GenerateRequest; dropped: Set<number>; stop: (why: AppError) => void }>(); // prettier-ignore
  const jobOf = new Map<string, string>();
  /** Names of questions, likewise. */
  const questions = new Map<string, string>();
  let identity: Promise<Identity> | undefined;
  let found: (Omit<FoundMachine, "id"> & { print: string })[] = [];
  let stopLooking: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const list = () => [...machines.values()].map(({ told }) => told);
  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      server.emit("machines", { machines: list() });
    }, TELL_EVERY);
  };
  const tellFound = () => {
    const shown = found.map(({ name, address, print }) => ({ name, address, id: machines.has(print) ? print : null }));
    server.emit("foundMachines", { found: shown });
  };
  const onEvent = <Name extends Exclude<keyof RemoteEvents, "info">>(name: Name, event: RemoteEvents[Name]) => {
    const jobId = jobOf.get(event.call);
    if (name === "loading") {
      const call = jobId ?? questions.get(event.call);
      const { fraction, message } = event as RemoteEvents["loading"];
      if (call !== undefined) server.emit("loading", { call, fraction: Math.min(1, fraction), message });
      return;
    }
    if (jobId === undefined) return; // nobody wants it any more
    const { stop, machine, request } = jobs.get(jobId)!;
    try {
      if (name === "image") refuseAnother(event as RemoteEvents["image"], request);
      tellPicture(server, jobId, name, event);
    } catch (error) {
      stop(
        new AppError(
          "image-invalid",
          `${machine.told.name} sent a picture that cannot be taken: ${messageOf(error)}`,
          {},
        ),
      );
    }
  };
  const add = async (one: KnownMachine) => {
    identity ??= identityIn(folder);
    const machine = new RemoteMachine({
      ...{ known: one, identity: await identity, app, limits, retries, onChange: tell, onEvent },
    });
    machines.set(one.id, machine);
    return machine;
  };
  const opened = Promise.resolve().then(async () => {
    for (const one of known.list()) await add(one);
  });
  opened.catch(() => undefined); // told to whoever asks
  const machineOf = async (id: string) => {
    await opened;
    const machine = machines.get(id);
    if (machine) return machine;
    const message =
      "The machine that has this checkpoint is not paired any more. Pair it again, or choose another checkpoint.";
    throw new AppError("not-found", message, { what: "machine", id });
  };
  const forget = async (id: string) => {
    const machine = machines.get(id);
    machines.delete(id);
    await machine?.end();
  };
  const ask = async <T>(
    model: LoadRequest,
    call: string,
    send: (machine: RemoteMachine, asked: { call: string; model: ModelThere }) => Promise<T>,
  ): Promise<T> => {
    const { machine, there } = await readModel(model);
    const own = randomUUID();
    questions.set(own, call);
    try {
      return await send(machine, { call: own, model: there });
    } finally {
      questions.delete(own);
    }
  };
  const readModel = async (model: LoadRequest) => {
    const place = readMachinePath(model.path);
    if (!place)
      throw new AppError("bad-request", `${model.path} is no checkpoint of another machine.`, { method: "load" });
    const machine = await machineOf(place.id);
    const { name } = machine.told;
    for (const [part, words] of [
      ["vae", "autoencoder"],
      ["tiny", "tiny autoencoder"],
    ] as const) {
      if (model[part] === undefined) continue;
      const message = `The ${words} ${model[part]} is a file of this machine, which ${name} cannot open. Take the checkpoint's own there.`;
      throw new AppError("bad-request", message, { method: "load" });
    }
    const { provider, prediction } = model;
    const there: ModelThere = { key: place.key, provider, ...(prediction === undefined ? {} : { prediction }) };
    return { machine, there };
  };

  const server: Server<MachinesEvents> = serve<MachinesApi, MachinesEvents>(
    port,
    {
      listMachines: async () => {
        await opened;
        for (const machine of machines.values()) machine.begin();
        return list();
      },
      lookForMachines: async ({ on }) => {
        await opened;
        if (on) {
          stopLooking ??= lookAround(
            (now) => {
              found = now;
              tellFound();
            },
            (problem) => server.emit("log", { message: `machines cannot be looked for: ${problem}` }),
          );
          tellFound();
        } else {
          stopLooking?.();
          stopLooking = undefined;
          found = [];
        }
      },
      pairMachine: async ({ address, code }) => {
        await opened;
        const digits = readCode(code);
        if (digits === undefined) {
          throw new AppError("bad-request", "A code has eight digits, such as 1234 5678.", { method: "pairMachine" });
        }
        const at = readAddress(address);
        identity ??= identityIn(folder);
        const { name, fingerprint } = await pair({ ...at, identity: await identity, limits }, digits, {
          name: ownName(),
          app,
        });
        const one = known.add({ name, fingerprint, address: showAddress(at) });
        await forget(one.id); // it was paired before: what it knew of this machine is another matter now
        const machine = await add(one);
        machine.begin();
        tell();
        tellFound();
        return machine.told;
      },
      retryMachine: async ({ id }) => (await machineOf(id)).retry(),
      forgetMachine: async ({ id }) => {
        await opened;
        known.forget(id);
        await forget(id);
        tell();
        tellFound();
      },
      load: async ({ call, model }, { signal }) => {
        const summary = await ask(model, call, (machine, asked) => machine.ask("load", asked, signal));
        return { ...summary, path: model.path };
      },
      tokenize: ({ call, model, text }, { signal }) =>
        ask(model, call, (machine, asked) => machine.ask("tokenize", { ...asked, text: portableText(text) }, signal)),
      check: ({ call, model, scene }, { signal }) =>
        ask(model, call, (machine, asked) => machine.ask("check", { ...asked, scene: portable(scene) }, signal)),
      estimate: ({ call, model, scenes }, { signal }) => {
        const there = scenes.map(({ scene, until }) => ({ scene: portable(scene), until }));
        return ask(model, call, (machine, asked) => machine.ask("estimate", { ...asked, scenes: there }, signal));
      },
      atOnce: async ({ call, model, scene }, { signal }) => {
        const { machine } = await readModel(model);
        // A picture is waited for through a cut, a question is not.
        if (!machine.isConnected) return 1;
        return ask(model, call, (_, asked) => machine.ask("atOnce", { ...asked, scene: portable(scene) }, signal));
      },
      draw: async ({ model, request }, { signal }) => {
        const { machine, there } = await readModel(model);
        const { jobId } = request;
        const call = randomUUID();
        const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
        stopped.catch(() => undefined);
        jobs.set(jobId, { call, machine, request, dropped: new Set(), stop });
        jobOf.set(call, jobId);
        try {
          return await Promise.race([stopped, machine.draw(drawThere(call, there, request), signal)]);
        } finally {
          jobs.delete(jobId);
          jobOf.delete(call);
        }
      },
      cancel: ({ jobId, index, keep }) => {
        const job = jobs.get(jobId);
        if (!job) return;
        job.machine.cancel(job.call, keep, index);
        if (index !== undefined && job.dropped.add(index).size < job.request.seeds.length) return; // others are waited for
        // Where nobody hears it, nobody need wait either: it is said when there is a connection again.
        if (!job.machine.isConnected)
          job.stop(new AppError("cancelled", "Cancelled while the other machine was away.", {}));
      },
    },
    machinesSchemas,
  );

  server.closed.addEventListener("abort", () => {
    stopLooking?.();
    clearTimeout(timer);
    void Promise.all([...machines.keys()].map(forget)).finally(onEnd);
  });
}

/** Throws where a picture is none that was asked for: looked at before it is decoded, as a small file may be a large picture. */
export function refuseAnother(
  { picture, record, index }: Pick<RemoteEvents["image"], "picture" | "record" | "index">,
  { scene: { settings }, seeds }: Pick<GenerateRequest, "scene" | "seeds">,
): void {
  const { width, height } = statedSize(picture);
  if (width !== settings.width || height !== settings.height) {
    throw new AppError("image-invalid", `it is ${width} x ${height}, not ${settings.width} x ${settings.height}`, {});
  }
  const { seed } = parseRecord(record);
  if (seed !== seeds[index]) throw new AppError("image-invalid", `it is of seed ${seed}, not ${seeds[index]}`, {});
}

function tellPicture(server: Server<MachinesEvents>, jobId: string, name: keyof RemoteEvents, event: object): void {
  if (name === "step") {
    const { preview, ...step } = without(event as RemoteEvents["step"], "call");
    server.emit("step", { ...step, jobId, ...(preview ? { preview: pixelsOf(preview) } : {}) });
  } else if (name === "image") {
    const { picture, record, ...image } = without(event as RemoteEvents["image"], "call");
    server.emit("image", { ...image, jobId, pixels: pixelsOf(picture), record: parseRecord(record) });
  } else if (name === "state") {
    const { index, step, state } = event as RemoteEvents["state"];
    server.emit("state", { jobId, index, step, state });
  }
}

function drawThere(call: string, model: ModelThere, request: GenerateRequest) {
  const { scene, seeds, previewEvery, attention, until, keepEvery, start, from, sharesBeginning } = request;
  if (seeds.length > MOST_AT_ONCE) {
    const message = `Another machine is asked for at most ${MOST_AT_ONCE} pictures at a time.`;
    throw new AppError("bad-request", message, { method: "draw" });
  }
  return {
    ...{ call, model, scene: portable(scene), seeds, previewEvery, attention },
    ...(until === undefined ? {} : { until }),
    ...(keepEvery === undefined ? {} : { keepEvery }),
    ...(start ? { start: encodePng(start) } : {}),
    ...(from ? { from } : {}),
    ...(sharesBeginning ? { sharesBeginning } : {}),
  };
}
