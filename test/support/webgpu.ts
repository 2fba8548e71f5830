/** Where WebGPU can be tested without a GPU: on the software Vulkan that Electron ships, if an Electron is on this machine. */
import { findElectron } from "../../tools/electron/runtime.ts";

/**
 * Environment for a process in which the `webgpu` provider shall work; undefined where there is no Electron to borrow Vulkan from.
 * It must be set when the process starts: pass it to `startEngine({ env })` or `child_process`.
 */
export async function webgpuEnvironment(): Promise<Record<string, string> | undefined> {
  return (await findElectron())?.vulkan;
}
