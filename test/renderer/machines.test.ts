/** Other machines as the window shows them: how they stand in words, what stands for the same checkpoint there, what happens when one is back. */
import { expect, test } from "vitest";
import type { App } from "@api/bridge.ts";
import { isSameModel, type Machine, machinePath, machineTitle, placeOfModel, readMachinePath } from "@api/machines.ts";
import {
  awayWords,
  machineItems,
  MachinesState,
  machineState,
  requestOn,
} from "../../src-renderer/state/machines.svelte.ts";
import { Notices } from "../../src-renderer/state/notices.svelte.ts";

const ID = "0123456789abcdef";
const SHA = "c".repeat(64);
const machine: Machine = {
  ...{ id: ID, name: "Workstation", address: "ws:7493", state: "connected", retryAt: null, problem: null },
  info: {
    ...{ name: "Workstation", app: "1", device: "RTX 4090", provider: "cuda" },
    models: [
      { key: "demo", name: "demo", sha256: null, family: "sd1" },
      { key: `sha256-${SHA}`, name: "cats", sha256: SHA, family: "sd1" },
      { key: "name-dogs", name: "dogs", sha256: null, family: "sdxl" },
    ],
  },
};

test("a machine is called by its device and how many models it has", () => {
  expect(machineTitle(machine)).toBe("Workstation: RTX 4090, 3 models");
  expect(machineTitle({ name: "Workstation", info: null })).toBe("Workstation");
  expect(machineItems([{ ...machine, info: null, state: "connecting" }], 0)).toMatchObject([
    { label: "Workstation", hint: "Connecting…", disabled: true },
  ]);
});

test("how it stands is told in words, with the seconds until it is tried again", () => {
  expect(machineState(machine, 0)).toBe("Connected");
  expect(machineState({ ...machine, state: "lost", retryAt: 5_200 }, 1_000)).toBe(
    "Connection lost, tried again in 5 s",
  );
  expect(machineState({ ...machine, state: "refused", problem: "Workstation has revoked this machine." }, 0)).toMatch(
    /revoked/,
  );
});

test("where pictures are asked for it is said that the chosen machine is away, and what to do", () => {
  expect([awayWords(machine, 0), awayWords({ ...machine, state: "connecting" }, 0)]).toEqual([undefined, undefined]);
  expect(awayWords({ ...machine, state: "lost", retryAt: 5_200 }, 1_000)).toMatch(
    /^Workstation is away, and is tried again in 5 s\. What you ask for now is drawn when it is back\. .* “Runs on”\.$/,
  );
  expect(awayWords({ ...machine, state: "refused", problem: "It has revoked this machine." }, 0)).toBe("It has revoked this machine."); // prettier-ignore
  expect(awayWords(undefined, 0)).toMatch(/not paired any more\. Pair it again, or choose another checkpoint\./);
});

test("paths of its checkpoints name machine and content, and no file is taken for one", () => {
  const path = machinePath(ID, `sha256-${SHA}`);
  expect(readMachinePath(path)).toEqual({ id: ID, key: `sha256-${SHA}` });
  expect(placeOfModel({ path })).toBe(ID);
  for (const file of ["/models/a", "machine:x/demo", `machine:${ID}/../etc`, `machine:${ID}/`]) {
    expect(readMachinePath(file)).toBeUndefined();
  }
});

test("the same checkpoint is chosen there, by content where both know it and by name else", () => {
  expect(requestOn(machine, { name: "other name", sha256: SHA })?.path).toBe(machinePath(ID, `sha256-${SHA}`));
  expect(requestOn(machine, { name: "dogs", sha256: "d".repeat(64) })?.path).toBe(machinePath(ID, "name-dogs"));
  expect(requestOn(machine, { name: "cats", sha256: "d".repeat(64) })?.path).toBe(machinePath(ID, "demo"));
  expect(requestOn(machine, { name: "nothing", sha256: null })).toMatchObject({
    path: machinePath(ID, "demo"),
    provider: "cuda",
  });
  expect(isSameModel({ name: "a", sha256: null }, { name: "a", sha256: SHA })).toBe(true);
});

test("a machine that is back is told once, and a failed pairing says why", async () => {
  const listeners = new Map<string, (payload: never) => void>();
  const app = {
    on: (name: string, listener: (payload: never) => void) => listeners.set(name, listener),
    api: {
      listMachines: () => Promise.resolve([machine]),
      pairMachine: ({ code }: { code: string }) => {
        return code === "1" ? Promise.resolve(machine) : Promise.reject(new Error("That is not the code."));
      },
    },
  } as unknown as App;
  const machines = new MachinesState(app, new Notices());
  const back: string[] = [];
  machines.onBack = (id) => back.push(id);
  expect(await machines.pair("ws", "2")).toBe(false);
  expect(machines.problem).toBe("That is not the code.");
  expect(await machines.pair("ws", "1")).toBe(true);
  const tell = (state: Machine["state"]) => listeners.get("machines")!({ machines: [{ ...machine, state }] } as never);
  tell("connected");
  tell("lost");
  tell("connected");
  expect(back).toEqual([ID, ID]);
  expect(machines.nameOf({ path: machinePath(ID, `sha256-${SHA}`) })).toBe("cats");
  expect(machines.nameOf({ path: "/models/cats" })).toBeUndefined();
});
