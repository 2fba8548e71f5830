/** What any panel may ask of the window without knowing all of it: commands of the table, and something that may fail. */
import type { CommandName } from "@api/commands.ts";
import { createContext } from "svelte";

export interface Commands {
  /** Does it, when it can be done now. */
  run(name: CommandName): void;
  isEnabled(name: CommandName): boolean;
  isChecked(name: CommandName): boolean;
  /** Does something that may fail; the failure is shown. */
  attempt(action: () => Promise<unknown>): Promise<void>;
  copyText(text: string): void;
  /** As the keys for it do it. */
  paste(): void;
}

/** Set once, by the window; taken when a component is made. */
export const [useCommands, setCommands] = createContext<Commands>();
