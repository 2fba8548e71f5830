/** A driver that works until its own operators are tried, of which it dies. */
import { parentPort } from "../../src-main/wire/ports.ts";

const port = parentPort(process);
port.onMessage(() => undefined);
port.post({ libraryFolder: "/nowhere" });
setTimeout(() => process.stderr.write("device lost in libbroken.so\n", () => process.abort()), 100);
