/** Answers the system's dialogs in a person's place: the one thing of the app that no test can press. */
import type { ElectronApplication } from "playwright-core";

type Kind = "showOpenDialog" | "showSaveDialog";
interface Asked {
  asked?: string[];
}

/** From now on each dialog of this kind is answered with these paths; with none it is cancelled. */
export async function answer(app: ElectronApplication, kind: Kind, paths: string[]): Promise<void> {
  await app.evaluate(
    ({ dialog }, [method, filePaths]) => {
      const here = globalThis as Asked;
      here.asked = [];
      const dialogs = dialog as unknown as Record<string, unknown>;
      dialogs[method] = (_window: unknown, { defaultPath }: { defaultPath?: string }) => {
        here.asked?.push(defaultPath ?? "");
        return Promise.resolve({ canceled: filePaths.length === 0, filePath: filePaths[0] ?? "", filePaths });
      };
    },
    [kind, paths] as const,
  );
}

/** The paths that the dialogs suggested since `answer`. */
export async function suggested(app: ElectronApplication): Promise<string[]> {
  return app.evaluate(() => (globalThis as Asked).asked ?? []);
}
