/** Injection loss guidance (Patel & Serkh 2024, arXiv 2405.14101): both halves, the gradient being that of the injected attention. */
import { steering } from "../steering.ts";

export const method = steering({ injects: true, follows: true });
