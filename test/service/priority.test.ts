import { execFileSync } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/imports.ts";

test("a service in the background lets others go first, with all of its threads", () => {
  const script = `
    import { readdirSync } from "node:fs";
    import { getPriority } from "node:os";
    import { stepBack } from ${JSON.stringify(join(ROOT, "src-main/service/priority.ts"))};
    stepBack();
    const threads = process.platform === "linux" ? readdirSync("/proc/self/task").map(Number) : [process.pid];
    console.log(JSON.stringify(threads.map((thread) => getPriority(thread))));`;
  const output = execFileSync(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    encoding: "utf8",
  });
  const priorities = JSON.parse(output) as number[];
  if (process.platform === "linux") expect(priorities.length).toBeGreaterThan(1);
  expect(priorities.every((one) => one >= constants.priority.PRIORITY_BELOW_NORMAL)).toBe(true);
});
