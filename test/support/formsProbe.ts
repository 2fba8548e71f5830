/** Answers as the probe of a provider does whose own operators are right. */
import { parentPort } from "../../src-main/wire/ports.ts";

const port = parentPort(process);
port.onMessage(() => undefined);
port.onClose(() => process.exit());
port.post({ libraryFolder: "/nowhere", forms: [{ form: "splitGelu" }] });
