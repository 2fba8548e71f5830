/** Newer versions: looked for once a day unless that is switched off, fetched and installed only when somebody says so. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { UpdateState } from "../../src-main/api/updates.ts";
import { Updates, type UpdateSource } from "../../src-main/main/updates.ts";

const DAY = 24 * 3_600_000;

/** A feed served here, and a source that asks it as electron-updater would: JSON in place of YAML, nothing on the disk. */
async function feed(versions: { version: string; body?: string; status?: number }) {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === "/latest.json") {
      asked++;
      response.writeHead(versions.status ?? 200).end(JSON.stringify({ version: versions.version }));
    } else response.writeHead(versions.body === undefined ? 404 : 200).end(versions.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const installed: string[] = [];
  let fetched: string | undefined;
  const source: UpdateSource = {
    look: async () => {
      const reply = await fetch(`${url}/latest.json`);
      if (!reply.ok) throw new Error(`HTTP ${reply.status}\nHeaders: many`);
      const { version } = (await reply.json()) as { version: string };
      return version === "1.0.0" ? null : { version, notes: `https://github.com/o/r/releases/tag/v${version}` };
    },
    fetch: async (onProgress) => {
      const reply = await fetch(`${url}/package`);
      if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
      onProgress(0.5);
      fetched = await reply.text();
      onProgress(1);
    },
    install: () => void installed.push(fetched!),
  };
  return { source, installed, asked: () => asked };
}

function setting(source: UpdateSource | { elsewhere: string }, { stays = false } = {}) {
  const told: UpdateState[] = [];
  const noted: string[] = [];
  const said: string[] = [];
  const preferences: Record<string, unknown> = {};
  const store = {
    readPreferences: () => Promise.resolve(preferences),
    writePreferences: (changes: Record<string, unknown>) => {
      Object.assign(preferences, changes);
      return Promise.resolve();
    },
  };
  const updates = new Updates({
    source,
    tell: (state) => told.push(state),
    endWith: (last) => (stays ? undefined : last()),
    endSaying: (message) => said.push(message),
    note: (message) => noted.push(message),
  });
  return { updates, told, noted, said, store, preferences, calls: updates.calls(store) };
}

describe("by itself", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("it looks a moment after the start and once a day, and fetches nothing", async () => {
    const { source, asked, installed } = await feed({ version: "1.1.0", body: "new" });
    const { updates, store } = setting(source);
    await updates.restore(store);
    expect(asked()).toBe(0);
    await vi.advanceTimersByTimeAsync(30_000);
    await vi.waitFor(() => expect(updates.state).toMatchObject({ version: "1.1.0", doing: "nothing", fetched: 0 }));
    await vi.advanceTimersByTimeAsync(DAY);
    await vi.waitFor(() => expect(asked()).toBe(2));
    expect(installed).toEqual([]);
  });

  test("it looks never where that is switched off, and again when it is switched on", async () => {
    const { source, asked } = await feed({ version: "1.1.0" });
    const { updates, store, preferences, calls } = setting(source);
    preferences["updates"] = "off";
    await updates.restore(store);
    await vi.advanceTimersByTimeAsync(3 * DAY);
    expect([asked(), updates.state.automatic]).toEqual([0, false]);
    await calls.setUpdates({ automatic: true }, { signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(30_000);
    await vi.waitFor(() => expect(asked()).toBe(1));
    expect(preferences["updates"]).toBeNull();
    await calls.setUpdates({ automatic: false }, { signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(3 * DAY);
    expect([asked(), preferences["updates"]]).toEqual([1, "off"]);
  });

  test("it keeps to the log what went wrong while nobody asked", async () => {
    const { source } = await feed({ version: "1.1.0", status: 503 });
    const { updates, store, noted } = setting(source);
    await updates.restore(store);
    await vi.advanceTimersByTimeAsync(30_000);
    const message = "Newer versions could not be looked for: HTTP 503. Try again when there is a network.";
    await vi.waitFor(() => expect(noted).toEqual([message]));
    expect(updates.state).toMatchObject({ doing: "nothing", version: null });
  });
});

describe("when somebody asks", () => {
  test("the newest version says so", async () => {
    const { source } = await feed({ version: "1.0.0" });
    expect(await setting(source).updates.look()).toMatchObject({ version: null, doing: "nothing" });
  });

  test("a newer one is fetched, and installed when everything is saved and closed", async () => {
    const { source, installed } = await feed({ version: "1.1.0", body: "new" });
    const { updates, told } = setting(source);
    const [first, second] = await Promise.all([updates.look(), updates.look()]); // asked twice, looked once
    expect(first).toBe(second);
    await updates.install();
    expect(installed).toEqual(["new"]);
    const doings = told.map(({ doing, fetched }) => `${doing} ${fetched}`);
    expect(doings).toEqual(["looking 0", "nothing 0", "fetching 0", "fetching 0.5", "fetching 1", "nothing 1", "installing 1"]); // prettier-ignore
  });

  test("nothing is installed where somebody would rather stay; it is offered again", async () => {
    const { source, installed } = await feed({ version: "1.1.0", body: "new" });
    const { updates } = setting(source, { stays: true });
    await updates.look();
    await updates.install();
    expect(installed).toEqual([]);
    expect(updates.state).toMatchObject({ version: "1.1.0", doing: "nothing" });
  });

  test("what cannot be fetched changes nothing, and can be tried again", async () => {
    const { source, installed } = await feed({ version: "1.1.0" });
    const { updates } = setting(source);
    await expect(updates.install()).rejects.toThrow("No newer version is known. Look for one first.");
    await updates.look();
    await expect(updates.install()).rejects.toThrow("Version 1.1.0 could not be fetched: HTTP 404. Nothing was changed; try again."); // prettier-ignore
    expect([installed, updates.state.doing]).toEqual([[], "nothing"]);
  });

  test("what cannot be put in place is told to whoever has no window any more", async () => {
    const { source } = await feed({ version: "1.1.0", body: "new" });
    const install = (onFailed: (error: unknown) => void) => onFailed(new Error("EACCES: /opt/diorama\nat many lines"));
    const { updates, said } = setting({ ...source, install });
    await updates.look();
    await updates.install();
    expect(said).toEqual([expect.stringContaining("could not be put in place of this one: EACCES: /opt/diorama. What you drew is saved.")]); // prettier-ignore
    expect(updates.state.doing).toBe("nothing");
  });

  test("an installation that somebody else updates says who", async () => {
    const elsewhere = "Diorama was installed as a package (deb): your system’s package manager updates it.";
    const { updates, store, told } = setting({ elsewhere });
    await updates.restore(store);
    await expect(updates.look()).rejects.toThrow(elsewhere);
    await expect(updates.install()).rejects.toThrow(elsewhere);
    expect([updates.state.elsewhere, told]).toEqual([elsewhere, []]);
  });
});
