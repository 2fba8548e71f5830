/** A hub whose downloads begin and then stand still: for looking at the window while they do. */
import { type HubRepo, type LocalHub, repoOf, startHub } from "./hub.ts";

/** The model that newcomers are offered. */
export const FIRST = "stable-diffusion-v1-5/stable-diffusion-v1-5";
/** Another one. */
export const OTHER = "me/mine";
/** Bytes that come of a large file. */
const COMES = 400_000;

export async function slowHub(): Promise<LocalHub> {
  const demo: HubRepo = repoOf("resources/models/demo");
  const hub = await startHub({ [FIRST]: demo, [OTHER]: demo });
  const large = Object.values(demo.files).find(({ length }) => length > 2 * COMES)!;
  hub.faults.push((_request, response, { method, url }) => {
    if (method !== "GET" || !url.startsWith("/cdn/")) return false;
    response.writeHead(200, { "Content-Length": large.length, "Accept-Ranges": "bytes" });
    response.write(large.subarray(0, COMES));
    return true;
  });
  return hub;
}
