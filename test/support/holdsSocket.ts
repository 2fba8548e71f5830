/** A program that is given a socket it did not ask for; it gives it back and goes on. */
import { closeInheritedSockets } from "../../src-main/service/inherited.ts";

closeInheritedSockets();
process.on("message", (message) => process.send!(message));
