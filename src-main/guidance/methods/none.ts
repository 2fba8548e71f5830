/** Plain sampling: boxes change nothing, and are measured all the same. */
import { steering } from "../steering.ts";

export const method = steering({ injects: false, follows: false });
