/** What a script can do: ask for pictures, follow them, take them, and cancel. */
import { createHash } from "node:crypto";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { decodePng } from "../../src-main/image/png.ts";
import { readMetadata } from "../../src-main/image/metadata.ts";
import { pixelHash } from "../../src-main/image/pixelHash.ts";
import { errorSchema } from "../../src-main/server/errors.ts";
import { eventSchemas, modelsSchema, runSchema, type EventName } from "../../src-main/server/messages.ts";
import { AppError } from "../../src-main/wire/errors.ts";
import { fakeHome, SCENE, startServer } from "./setting.ts";

const names = (events: { name: string }[]) => events.map(({ name }) => name).filter((name) => name !== "step");

describe("a scene", () => {
  test("becomes a run, whose events come as they happen and whose pictures carry their settings", async () => {
    const server = await startServer();
    const { status, headers, id, json } = await server.begin(SCENE, "?seeds=7,18446744073709551615&previews=1");
    expect(status).toBe(202);
    expect(headers.location).toBe(`/v1/runs/${id}`);
    expect(v.parse(runSchema, json)).toMatchObject({ state: "waiting", total: 2, model: "demo", pictures: [] });

    const { events } = await server.events(id);
    expect(names(events)).toContain("warning");
    expect(names(events).slice(-4)).toEqual(["picture", "picture", "state", "end"]);
    for (const { name, data } of events) v.parse(eventSchemas[name as EventName], data);
    expect(events.filter(({ name }) => name === "step").at(-1)?.data).toMatchObject({ step: 3, steps: 3, index: 1 });
    expect(events.at(-1)?.data).toEqual({ state: "done", pictures: 2, failures: 0 });
    const ids = events.flatMap((event) => (event.id === undefined ? [] : [event.id]));
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));

    const run = v.parse(runSchema, (await server.send(`/v1/runs/${id}`)).json);
    expect(run.pictures.map(({ seed }) => seed)).toEqual(["7", "18446744073709551615"]);
    expect(run.warnings).toEqual(['the prompt is too long; the model does not see "square"']);
    const [first] = run.pictures;
    const picture = await server.send(`/v1/pictures/${first!.hash}`);
    expect(picture.headers).toMatchObject({ "content-type": "image/png", etag: `"${first!.hash}"` });
    expect(createHash("sha256").update(picture.bytes).digest("hex")).toBe(first!.hash);
    expect(pixelHash(decodePng(picture.bytes).pixels)).toBe(first!.pixels);
    expect(readMetadata(picture.bytes)).toMatchObject({ kind: "record", record: { seed: "7", scene: { prompt: SCENE.prompt } } }); // prettier-ignore
    const again = await server.send(`/v1/pictures/${first!.hash}`, {
      headers: { "If-None-Match": `"${first!.hash}"` },
    });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
    const head = await server.send(`/v1/pictures/${first!.hash}`, { method: "HEAD" });
    expect([head.status, head.bytes.length]).toEqual([200, 0]);
  });

  test("of alternatives is drawn with each, and a count draws seeds by chance", async () => {
    const server = await startServer();
    const { id, json } = await server.begin({ ...SCENE, prompt: "a red circle and a blue square {by day|at night}" }, "?count=2"); // prettier-ignore
    expect(json["total"]).toBe(4);
    const { events } = await server.events(id);
    const pictures = events.filter(({ name }) => name === "picture").map(({ data }) => data);
    expect(pictures.map(({ alternative }) => alternative)).toEqual(["by day", "by day", "at night", "at night"]);
    expect(new Set(pictures.map(({ seed }) => seed)).size).toBe(2);
  });

  test("goes on from a picture that was drawn here, and from no other", async () => {
    const server = await startServer();
    const { id } = await server.begin();
    const { events } = await server.events(id);
    const { pixels } = events.find(({ name }) => name === "picture")!.data as { pixels: string };
    const next = await server.begin({ ...SCENE, start: { hash: pixels, strength: 0.5 } });
    expect((await server.events(next.id)).events.at(-1)?.data).toMatchObject({ state: "done", pictures: 1 });
    expect(server.drawn.map(({ start }) => start)).toEqual([false, true]);
    const other = await server.begin({ ...SCENE, start: { hash: "f".repeat(64) } });
    expect((await server.events(other.id)).events.find(({ name }) => name === "failure")?.data).toMatchObject({
      code: "not-found",
      message: "start.hash: this server keeps no picture with these pixels (any more). Draw it again first.",
    });
  });

  test("takes checkpoints, LoRAs and embeddings by name, and its pictures say nothing of where they lie", async () => {
    const home = fakeHome([
      { kind: "checkpoint", name: "photon", path: "/models/photon.safetensors" },
      { kind: "lora", name: "ink", path: "/models/loras/ink.safetensors" },
      { kind: "embedding", name: "dusk", path: "/models/embeddings/dusk.pt" },
    ]);
    const server = await startServer({ home });
    expect(v.parse(modelsSchema, (await server.send("/v1/models")).json).models.map(({ name }) => name)).toEqual(["demo", "photon"]); // prettier-ignore
    const scene = { ...SCENE, loras: [{ name: "ink", strength: 0.8 }], embeddings: [{ name: "dusk" }] };
    const { id } = await server.begin(scene, "?model=photon");
    const { events } = await server.events(id);
    expect(server.drawn).toMatchObject([
      { model: "/models/photon.safetensors", loras: [{ name: "ink", path: "/models/loras/ink.safetensors" }] },
    ]);
    const { hash } = events.find(({ name }) => name === "picture")!.data as { hash: string };
    const { bytes } = await server.send(`/v1/pictures/${hash}`);
    expect(bytes.toString("latin1")).not.toContain("/models/");
    const none = await server.begin(SCENE, "?model=photom");
    expect([none.status, none.json.error?.["message"]]).toEqual([422, "model: there is no checkpoint “photom” in this server’s folders of models. There is “photon”."]); // prettier-ignore
  });
});

describe("what is wrong with a scene is named by pointer and line:", () => {
  const text = JSON.stringify(SCENE, null, 2);
  test.each([
    ["a phrase that is not in the prompt", text.replace('"phrase": "blue square"', '"phrase": "green square"'), 422, "/boxes/1/phrase", 16], // prettier-ignore
    ["an unknown field", text.replace('"steps": 3', '"stepz": 3'), 422, "/stepz", 27],
    ["a missing field", text.replace('"prompt"', '"negativePrompt"'), 422, "/prompt", 1],
    ["no JSON", text.replace('"width": 64,', '"width": 64'), 400, undefined, 26],
    ["a file on the disk", text.replace('"steps": 3', '"start": { "path": "/etc/passwd" }'), 422, "/start/path", 27],
    [
      "a LoRA’s file",
      text.replace('"steps": 3', '"loras": [{ "path": "../x.safetensors" }]'),
      422,
      "/loras/0/path",
      27,
    ],
    ["an embedding’s file", text.replace('"steps": 3', '"embeddings": ["/x/y.pt"]'), 422, "/embeddings/0", 27],
    ["a prototype", text.replace('"steps": 3', '"__proto__": {}'), 422, "/__proto__", 27],
    ["a text", '"scene"', 422, "", 1],
  ])("%s", async (_name, body, status, pointer, line) => {
    const server = await startServer();
    const answer = await server.begin(body);
    const { error } = v.parse(errorSchema, answer.json);
    expect({ status: answer.status, pointer: error.pointer, line: error.line }).toEqual({ status, pointer, line });
    expect(server.drawn).toEqual([]);
  });

  test.each([
    ["?seeds=x", 'seeds: "x" is not a seed or a range of seeds such as 7-9'],
    ["?seeds=1&count=2", "count: give seeds, or count for seeds by chance, not both"],
    ["?count=0", "count: expected a number from 1 to 1000"],
    ["?seeds=1&seeds=2", "seeds: it is given twice"],
    ["?sedes=1", "sedes: unknown; there are model, seeds, count, previews"],
    ["?seeds=1-1001", "This makes 1001 pictures; a run draws at most 1000. Ask for them in several runs."],
  ])("%s", async (query, message) => {
    const server = await startServer();
    const answer = await server.begin(SCENE, query);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json.error?.["message"]).toBe(message);
  });
});

describe("a run", () => {
  test("is resumed behind the last event that a client has seen", async () => {
    const server = await startServer();
    const { id } = await server.begin(SCENE, "?seeds=1-3");
    const { events } = await server.events(id);
    const first = events.find(({ name }) => name === "picture")!;
    const rest = await server.events(id, { "Last-Event-ID": String(first.id) });
    expect(names(rest.events)).toEqual(["picture", "picture", "state", "end"]);
    expect(rest.events.every((event) => event.id! > first.id!)).toBe(true);
    expect((await server.events(id, { "Last-Event-ID": String(events.at(-1)!.id) })).status).toBe(204);
    // An id that this run never had is another run's.
    expect(names((await server.events(id, { "Last-Event-ID": "999" })).events)).toContain("picture");
  });

  test("that is cancelled stops within a step and keeps what is drawn; one that waits ends at once", async () => {
    const steps = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    const server = await startServer({
      beforeStep: async ({ seed, step }) => {
        if (seed !== "2" || step !== 2) return;
        reached.resolve(undefined);
        await steps.promise;
      },
    });
    const drawing = await server.begin(SCENE, "?seeds=1-9");
    const waiting = await server.begin(SCENE, "?seeds=1-9");
    await reached.promise;
    await server.send(`/v1/runs/${waiting.id}`, { method: "DELETE" });
    expect((await server.events(waiting.id)).events.at(-1)?.data).toMatchObject({ state: "cancelled" });
    await server.send(`/v1/runs/${drawing.id}`, { method: "DELETE" });
    steps.resolve(undefined);
    const { events } = await server.events(drawing.id);
    expect(events.at(-1)?.data).toEqual({ state: "cancelled", pictures: 1, failures: 0 });
    expect((await server.send(`/v1/runs/${drawing.id}`, { method: "DELETE" })).status).toBe(200);
  });

  test("takes turns with others, a picture each", async () => {
    const both = Promise.withResolvers<undefined>();
    const server = await startServer({ beforeStep: () => both.promise });
    const runs = [await server.begin(SCENE, "?seeds=1-3"), await server.begin(SCENE, "?seeds=4-6")];
    both.resolve(undefined);
    for (const { id } of runs) await server.events(id);
    expect(server.drawn.map(({ seed }) => seed)).toEqual(["1", "4", "2", "5", "3", "6"]);
  });

  test("goes on behind a picture that fails, and ends behind three", async () => {
    const failing = (seeds: string[]) => ({
      beforeStep: ({ seed }: { seed: string }) => {
        if (seeds.includes(seed)) throw new AppError("out-of-memory", "There is not enough memory.", {});
      },
    });
    const one = await startServer(failing(["2"]));
    const { events } = await one.events((await one.begin(SCENE, "?seeds=1-3")).id);
    expect(events.find(({ name }) => name === "failure")?.data).toEqual({ index: 1, seed: "2", code: "out-of-memory", message: "There is not enough memory." }); // prettier-ignore
    expect(events.at(-1)?.data).toEqual({ state: "done", pictures: 2, failures: 1 });
    const all = await startServer(failing(["1", "2", "3", "4", "5"]));
    const ended = await all.events((await all.begin(SCENE, "?seeds=1-5")).id);
    expect(ended.events.at(-1)?.data).toEqual({ state: "failed", pictures: 0, failures: 3 });
  });

  test("gives the engine as many seeds of a scene at once as it wants, in turn with others", async () => {
    const both = Promise.withResolvers<undefined>();
    const server = await startServer({ atOnce: 4, beforeStep: () => both.promise });
    const scene = { ...SCENE, prompt: "a {red|green} circle and a blue square", boxes: [] };
    const runs = [await server.begin(scene, "?seeds=1-3"), await server.begin(SCENE, "?seeds=4-9")];
    both.resolve(undefined);
    const [first] = [await server.events(runs[0]!.id), await server.events(runs[1]!.id)];
    const pictures = first.events.flatMap(({ name, data }) => (name === "picture" ? [data as { index: number; seed: string }] : [])); // prettier-ignore
    expect(pictures.map(({ index, seed }) => [index, seed])).toEqual(["1", "2", "3", "1", "2", "3"].map((seed, i) => [i, seed])); // prettier-ignore
    // The last step is told again.
    expect(first.events.filter(({ name }) => name === "step").map(({ data }) => data)).toMatchObject([{ index: 5, seed: "3" }]); // prettier-ignore
    const requests = Map.groupBy(server.drawn, ({ jobId }) => jobId);
    const asked = [...requests.values()].map((all) => all.map(({ seed }) => seed).join("+"));
    expect(asked).toEqual(["1+2+3", "4+5+6+7", "1+2+3", "8+9"]);
  });

  test("draws one by one what does not come of several at once, and says whose fault it is", async () => {
    const server = await startServer({
      atOnce: 4,
      beforeStep: ({ seed }) => {
        if (seed === "2") throw new AppError("out-of-memory", "There is not enough memory.", {});
      },
    });
    const { events } = await server.events((await server.begin(SCENE, "?seeds=1-6")).id);
    const jobs = Map.groupBy(server.drawn, ({ jobId }) => jobId).values();
    expect([...jobs].map((all) => all.map(({ seed }) => seed).join("+"))).toEqual(["1+2+3+4", "2", "5+6"]);
    const failures = events.flatMap(({ name, data }) => (name === "failure" ? [data] : []));
    expect(failures).toMatchObject([{ index: 1, seed: "2", code: "out-of-memory" }]);
    expect(events.at(-1)?.data).toEqual({ state: "done", pictures: 5, failures: 1 });
  });

  test("whose checkpoint does not open says so", async () => {
    const server = await startServer({
      load: () => {
        throw new AppError("checkpoint-invalid", "The checkpoint is cut short.", { path: "/secret/place" });
      },
    });
    const { events } = await server.events((await server.begin()).id);
    expect(events.find(({ name }) => name === "failure")?.data).toEqual({ code: "checkpoint-invalid", message: "The checkpoint is cut short." }); // prettier-ignore
    expect(events.at(-1)?.data).toMatchObject({ state: "failed" });
  });
});

test("the oldest pictures make room for new ones", async () => {
  const server = await startServer({ mostPictures: 2 });
  const { events } = await server.events((await server.begin(SCENE, "?seeds=1-3")).id);
  const hashes = events.filter(({ name }) => name === "picture").map(({ data }) => data["hash"] as string);
  const found = await Promise.all(hashes.map((hash) => server.send(`/v1/pictures/${hash}`)));
  expect(found.map(({ status }) => status)).toEqual([404, 200, 200]);
});
