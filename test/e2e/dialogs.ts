/** Answers the system's dialogs in a person's place: the one thing of the app that no test can press. */
import type { ElectronApplication, Page } from "playwright-core";

type Kind = "showOpenDialog" | "showSaveDialog";
interface Asked {
  asked?: string[];
  questions?: Question[];
}

/** What a message box said. */
export interface Question {
  message: string;
  detail?: string;
  buttons?: string[];
}

/** From now on each message box is answered with the first of these buttons that it has; one that has none of them is left by Escape. */
export async function press(app: ElectronApplication, labels: string[]): Promise<void> {
  await app.evaluate(({ dialog }, wanted) => {
    const here = globalThis as Asked;
    here.questions = [];
    (dialog as unknown as Record<string, unknown>)["showMessageBox"] = (...given: unknown[]) => {
      const question = given.at(-1) as Question & { cancelId?: number };
      const { message, detail = "", buttons = [], cancelId = 0 } = question;
      here.questions!.push({ message, detail, buttons });
      const pressed = wanted.map((label) => buttons.indexOf(label)).find((place) => place >= 0);
      return Promise.resolve({ response: pressed ?? cancelId, checkboxChecked: false });
    };
  }, labels);
}

/** What the message boxes said since `press`. */
export async function questions(app: ElectronApplication): Promise<Question[]> {
  return app.evaluate(() => (globalThis as Asked).questions ?? []);
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

/** Lets go of a file over the window. A page cannot make up a file with a path: a file field gives one. */
export async function drop(page: Page, path: string): Promise<void> {
  const field = await page.evaluateHandle(() => {
    const { document } = globalThis as unknown as { document: { createElement(tag: string): { type: string } } };
    const input = document.createElement("input");
    input.type = "file";
    return input;
  });
  await (field.asElement() as unknown as { setInputFiles(path: string): Promise<void> }).setInputFiles(path);
  await page.evaluate((input) => {
    const { DataTransfer, DragEvent, document } = globalThis as unknown as {
      DataTransfer: new () => { items: { add(file: unknown): void } };
      DragEvent: new (name: string, options: object) => object;
      document: { querySelector(selector: string): { dispatchEvent(event: object): void } };
    };
    const dataTransfer = new DataTransfer();
    for (const file of (input as unknown as { files: Iterable<unknown> }).files) dataTransfer.items.add(file);
    const options = { dataTransfer, bubbles: true, cancelable: true };
    document.querySelector("[role=application]").dispatchEvent(new DragEvent("drop", options));
  }, field);
}
