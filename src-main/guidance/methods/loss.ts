/** Loss guidance alone: the second half of iLGD. */
import { steering } from "../steering.ts";

export const method = steering({ injects: false, follows: true });
