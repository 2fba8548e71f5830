/**
 * `npm test`: prepares what this machine lacks, runs the tests, and closes with how many passed, failed and were skipped, and why.
 * Arguments are vitest's (`npm test -- test/store -t "a save"`). Files that use no Electron have none prepared for them.
 */
import { createVitest, parseCLI } from "vitest/node";
import { stackOf } from "../../src-main/wire/errors.ts";
import { closing, countOf, isAnyRunning } from "./closing.ts";
import { usesElectron, usesRedis } from "./needs.ts";
import { prepareElectron } from "./prepare.ts";
import { prepareRedis } from "./redis.ts";

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function run(args: readonly string[]): Promise<number> {
  const { filter, options } = parseCLI(["vitest", "run", ...args]);
  const vitest = await createVitest({ ...options, watch: false });
  try {
    const files = (await vitest.globTestSpecifications(filter)).map(({ moduleId }) => moduleId);
    if (files.length === 0) {
      say(`There is no test file of the name ${filter.join(", ")}.`);
      say("0 passed, 1 failed, 0 skipped");
      return 1;
    }
    if (files.some(usesElectron)) await prepareElectron(say);
    if (files.some(usesRedis)) prepareRedis(say);
    // What people install is packed and started too: a minute more.
    process.env["DIORAMA_TEST_PACKAGE"] ??= "1";
    const count = countOf(await vitest.start(filter), options.testNamePattern);
    for (const line of closing(count)) say(line);
    return count.failed > 0 || !isAnyRunning(count) ? 1 : 0;
  } finally {
    await vitest.close();
  }
}

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  say(`The tests could not be run: ${stackOf(error)}`);
  say("0 passed, 1 failed, 0 skipped");
  return 1;
});
