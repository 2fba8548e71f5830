/** What a public repository runs: nothing there may name what is not here, or hand out more than it must. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT } from "../support/imports.ts";

const FOLDER = join(ROOT, ".github", "workflows");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };

interface Step {
  run?: string;
  uses?: string;
  env?: Record<string, string>;
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { "timeout-minutes"?: number; permissions?: Record<string, string>; steps: Step[] }>;
}
const read = (name: string) => parse(readFileSync(join(FOLDER, name), "utf8")) as Workflow;
const stepsOf = (workflow: Workflow) => Object.values(workflow.jobs).flatMap(({ steps }) => steps);

describe.each(readdirSync(FOLDER))("%s", (name) => {
  const workflow = read(name);

  test("runs scripts that are there, for a limited time, and nothing that strangers could put into a command", () => {
    for (const job of Object.values(workflow.jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
    for (const { run = "" } of stepsOf(workflow)) {
      for (const [, script] of run.matchAll(/npm run (\S+)/g)) expect(Object.keys(scripts)).toContain(script);
      expect(run).not.toContain("${{");
    }
  });

  test("may write only where it makes a release", () => {
    const permissions = [workflow, ...Object.values(workflow.jobs)].map((one) => one.permissions ?? {});
    const writing = permissions.flatMap((one) => Object.entries(one).filter(([, level]) => level === "write"));
    expect(writing).toEqual(name === "check.yml" ? [] : [["contents", "write"]]);
  });
});

test("a release is a draft with checksums, offered to some at first, and signed where secrets are there", () => {
  const release = read("release.yml");
  const [{ run: sums = "" }, { run: draft = "" }] = release.jobs["draft"]!.steps.slice(-2) as [Step, Step];
  expect(sums).toContain("sha256sum -- * > SHA256SUMS");
  expect(sums).toContain("stagingPercentage: 10");
  expect(draft).toContain("gh release create");
  expect(draft).toContain("--draft");
  const secrets = readFileSync(join(FOLDER, "release.yml"), "utf8").match(/secrets\.\w+/g);
  expect(new Set(secrets)).toEqual(
    new Set(["MAC_CERTIFICATE", "MAC_CERTIFICATE_PASSWORD", "APPLE_ID", "APPLE_APP_SPECIFIC_PASSWORD", "APPLE_TEAM_ID", "WINDOWS_CERTIFICATE", "WINDOWS_CERTIFICATE_PASSWORD"].map((name) => `secrets.${name}`)), // prettier-ignore
  );
});
