/** The methods by name: each is the file of its name in methods/, read when it is first asked for. */
import type { Method } from "../scene/methods.ts";
import type { LayoutMethod } from "./method.ts";

const known = new Map<string, LayoutMethod>();

/** A method that is no file of methods/. */
export function addMethod(name: string, method: LayoutMethod): void {
  known.set(name, method);
}

/** The method of that name, which a row of scene/methods.ts has. */
export async function methodOf(name: Method): Promise<LayoutMethod> {
  const found = known.get(name);
  if (found) return found;
  const { method } = (await import(`./methods/${name}.ts`)) as { method: LayoutMethod };
  known.set(name, method);
  return method;
}
