/**
 * What a machine may lack for the tests: an Electron with its libraries, and a Redis. `npm test` sees to them; `npm run test:prepare` does before, while
 * something else keeps the cores busy.
 */
import { messageOf } from "../../src-main/wire/errors.ts";
import { electronRuntime, WITHOUT_ELECTRON } from "../electron/runtime.ts";
import { missingPackages } from "../electron/systemPackages.ts";
import { prepareRedis } from "./redis.ts";

type Say = (line: string) => void;

/** Sees to an Electron; where none can be had the tests are told why, and name it as the reason that they are skipped. */
export async function prepareElectron(say: Say): Promise<void> {
  try {
    await electronRuntime(say);
    const missing = missingPackages();
    if (missing.length > 0) throw new Error(`Electron needs system packages that are missing: ${missing.join(" ")}`);
  } catch (error) {
    const why = messageOf(error);
    say(why);
    process.env[WITHOUT_ELECTRON] = why;
  }
}

if (process.argv[1] === import.meta.filename) {
  const say: Say = (line) => void process.stdout.write(`${line}\n`);
  prepareRedis(say);
  await prepareElectron(say);
}
