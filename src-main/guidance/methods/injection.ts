/** Attention injection alone: the first half of iLGD. */
import { steering } from "../steering.ts";

export const method = steering({ injects: true, follows: false });
