/** What the driver of NVIDIA's cards says of them. */
import { execFile } from "node:child_process";

/** Milliseconds. */
const PATIENCE = 5_000;

/** A property of each card, as `nvidia-smi` names and writes it (`name`, `memory.free` in MiB); none where there is no such driver. */
export function nvidiaCards(property: "name" | "memory.free"): Promise<string[]> {
  return new Promise((resolve) => {
    const args = [`--query-gpu=${property}`, "--format=csv,noheader,nounits"];
    execFile("nvidia-smi", args, { timeout: PATIENCE, windowsHide: true }, (error, stdout) => {
      const lines = stdout.split("\n").map((line) => line.trim());
      resolve(error ? [] : lines.filter((line) => line !== ""));
    });
  });
}
