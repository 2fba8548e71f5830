/**
 * The threats to a desktop app that shows what came by mail, each by name, and that it is shut: in the real Electron. What only pure
 * functions decide (paths, links, senders) is tested in addresses.test.ts; projects from strangers in store/database.test.ts and
 * api/pictureName.test.ts; fuses in packaging/.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AppBridge, BridgeReply } from "../../src-main/api/main.ts";
import { mainSchemas } from "../../src-main/api/mainMessages.ts";
import { CONTENT_POLICY } from "../../src-main/main/policy.ts";
import { electron, launch, type RunningApp } from "../e2e/harness.ts";

/** What the page's own functions are called here: the tests' types know no DOM. */
interface Page {
  app: AppBridge;
  document: { createElement(name: string): PageElement; body: { append(element: PageElement): void } };
  location: { href: string };
  open(url: string): unknown;
  require?: unknown;
  process?: unknown;
  Notification: { requestPermission(): Promise<string> };
  navigator: {
    mediaDevices: { getUserMedia(wish: object): Promise<unknown>; getDisplayMedia(wish: object): Promise<unknown> };
    clipboard: { readText(): Promise<string> };
    geolocation: { getCurrentPosition(found: (place: unknown) => void, not: (why: unknown) => void): void };
  };
  ran?: boolean;
}
interface PageElement {
  src: string;
  href: string;
  download: string;
  click(): void;
  textContent: string;
  onload: () => void;
  onerror: () => void;
  contentWindow: unknown;
}

let running: RunningApp;
const inPage = <Result>(script: (argument: string) => Result | Promise<Result>, argument = "") =>
  running.page.evaluate(script, argument);

describe.skipIf(!electron)("shut:", { timeout: 60_000 }, () => {
  beforeAll(async () => (running = await launch()), 120_000);
  afterAll(() => running[Symbol.asyncDispose]());

  test("Node in the page", async () => {
    expect(
      await inPage(() => [
        typeof (globalThis as unknown as Page).require,
        typeof (globalThis as unknown as Page).process,
      ]),
    ).toEqual(["undefined", "undefined"]);
  });

  test("a page without sandbox or isolation", async () => {
    const preferences = await running.app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag };
    });
    expect(preferences).toEqual({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
    });
  });

  test("more in the page than the contract: no ipcRenderer, no event objects", async () => {
    expect(await inPage(() => Object.keys((globalThis as unknown as Page).app).sort())).toEqual([
      "call",
      "on",
      "openFiles",
    ]);
  });

  test("scripts that came with the text: inline, by eval, from elsewhere", async () => {
    expect(CONTENT_POLICY).toContain("script-src 'self';");
    expect(CONTENT_POLICY).not.toContain("unsafe");
    // In a callback: what a debugger evaluates itself, as this test does, is exempt from the policy.
    const ran = await inPage(
      () =>
        new Promise((resolve) => {
          setTimeout(() => {
            const page = globalThis as unknown as Page;
            const inline = page.document.createElement("script");
            inline.textContent = "window.ran = true";
            page.document.body.append(inline);
            let evaluated = true;
            try {
              (0, eval)("1");
            } catch {
              evaluated = false;
            }
            const foreign = page.document.createElement("script");
            foreign.onload = () => resolve([page.ran ?? false, evaluated, true]);
            foreign.onerror = () => resolve([page.ran ?? false, evaluated, false]);
            foreign.src = "https://example.com/script.js";
            page.document.body.append(foreign);
          }, 0);
        }),
    );
    expect(ran).toEqual([false, false, false]);
  });

  test("sending pictures or prompts away", async () => {
    const sent = await inPage(() =>
      fetch("https://example.com/", { method: "POST", body: "x" }).then(
        () => true,
        () => false,
      ),
    );
    expect(sent).toBe(false);
  });

  test("leaving the app for another page, and reading files of the disk", async () => {
    for (const url of ["https://example.com/", "file:///etc/passwd", "data:text/html,x", "app://other/index.html"]) {
      await inPage((to) => void ((globalThis as unknown as Page).location.href = to), url);
      expect(await inPage(() => (globalThis as unknown as Page).location.href)).toBe("app://diorama/index.html");
    }
    expect(
      await inPage(() =>
        fetch("file:///etc/passwd").then(
          () => true,
          () => false,
        ),
      ),
    ).toBe(false);
  });

  test("windows that the page opens", async () => {
    await inPage(() => void (globalThis as unknown as Page).open("app://diorama/index.html"));
    await inPage(() => void (globalThis as unknown as Page).open("about:blank"));
    expect(await running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  });

  test("addresses and files that are dropped beside their place", async () => {
    const devtools = await running.page.context().newCDPSession(running.page);
    const dropped = [
      { items: [{ mimeType: "text/uri-list", data: "https://example.com/" }], dragOperationsMask: 1 },
      { items: [{ mimeType: "text/html", data: "<img src=x onerror='window.ran = true'>" }], dragOperationsMask: 1 },
      { items: [], files: ["/etc/hostname"], dragOperationsMask: 1 },
    ];
    for (const data of dropped) {
      for (const type of ["dragEnter", "dragOver", "drop"] as const) {
        await devtools.send("Input.dispatchDragEvent", { type, x: 5, y: 5, data });
      }
    }
    const page = () => [(globalThis as unknown as Page).location.href, (globalThis as unknown as Page).ran ?? false];
    expect(await inPage(page)).toEqual(["app://diorama/index.html", false]);
    expect(running.app.windows()).toHaveLength(1);
  });

  test.each(["blob:", "data:text/plain,x"])("downloads: a %s link", async (kind) => {
    interface Waiting {
      refused: Promise<boolean>;
    }
    // Main listens before the page clicks: the two are driven separately, and either may be the quicker.
    await running.app.evaluate(({ session }) => {
      (globalThis as unknown as Waiting).refused = new Promise((resolve) => {
        session.defaultSession.once("will-download", (event) => resolve(event.defaultPrevented));
      });
    });
    await inPage((kind) => {
      const page = globalThis as unknown as Page;
      const link = page.document.createElement("a");
      link.href = kind === "blob:" ? URL.createObjectURL(new Blob(["x"])) : kind;
      link.download = "x.txt";
      link.click();
    }, kind);
    expect(await running.app.evaluate(() => (globalThis as unknown as Waiting).refused)).toBe(true);
  });

  test("a page within the page, by the tag that Electron gives to some", async () => {
    const count = () => running.app.evaluate(({ webContents }) => webContents.getAllWebContents().length);
    const before = await count();
    await inPage(async () => {
      const page = globalThis as unknown as Page;
      const view = page.document.createElement("webview");
      view.src = "https://example.com/";
      page.document.body.append(view);
      await fetch("app://diorama/index.html"); // behind the view's own request, had there been one
    });
    expect(await count()).toBe(before);
  });

  test("frames, which could speak for the app", async () => {
    const found = await inPage(async () => {
      const page = globalThis as unknown as Page;
      const frame = page.document.createElement("iframe");
      frame.src = "app://diorama/index.html";
      page.document.body.append(frame);
      await fetch("app://diorama/index.html"); // behind the frame's own request, had there been one
      try {
        return typeof (frame.contentWindow as { app?: unknown } | null)?.app;
      } catch (error) {
        return (error as Error).name; // not even of our origin: an error page stands there
      }
    });
    expect(["undefined", "SecurityError"]).toContain(found);
    const frames = running.page.frames().map((frame) => frame.url());
    expect(frames.filter((url) => url === "app://diorama/index.html")).toHaveLength(1);
  });

  test("camera, microphone, notifications, and what else Electron grants by itself", async () => {
    const granted = await inPage(async () => {
      const { Notification, navigator } = globalThis as unknown as Page;
      const works = (wish: Promise<unknown>) =>
        wish.then(
          () => true,
          () => false,
        );
      return [
        await Notification.requestPermission(),
        await works(navigator.mediaDevices.getUserMedia({ video: true, audio: true })),
        await works(navigator.mediaDevices.getDisplayMedia({ video: true })),
        await works(navigator.clipboard.readText()),
        await works(new Promise((yes, no) => navigator.geolocation.getCurrentPosition(yes, no))),
      ];
    });
    expect(granted).toEqual(["denied", false, false, false, false]);
  });

  test.each([
    "app://diorama/../package.json",
    "app://diorama/%2e%2e/package.json",
    "app://diorama/..%2f..%2fpackage.json",
    "app://diorama/.built",
  ])("files outside the bundle: %s", async (address) => {
    expect(await inPage((url) => fetch(url).then(({ status }) => status), address)).toBe(404);
  });

  test("changing things through a protocol", async () => {
    expect(await inPage(() => fetch("app://diorama/index.html", { method: "POST" }).then(({ status }) => status))).toBe(
      405,
    );
  });

  test("guessing at types: what is sent is what it says it is", async () => {
    const headers = await inPage(async () => {
      const reply = await fetch("app://diorama/index.html");
      return [reply.headers.get("x-content-type-options"), reply.headers.get("content-type")];
    });
    expect(headers).toEqual(["nosniff", "text/html; charset=utf-8"]);
  });

  test.each([
    ["no such method", "constructor", undefined],
    ["a method of the store that windows do not have", "openProject", { path: "/etc/passwd" }],
    ["a method of the store behind the contract", "createProject", { path: "/tmp/x", draft: {}, replace: true }],
    ["a field too many", "cancel", { jobId: "a", index: 0, path: "/etc/passwd" }],
    ["a number where a text belongs", "tokenize", 7],
    ["more ids than a list can have", "markResults", { ids: Array.from({ length: 20_000 }, (_, i) => i + 1) }],
  ])("calls that break the contract: %s", async (_name, method, request) => {
    const reply = await running.page.evaluate(
      ([name, argument]) => (globalThis as unknown as Page).app.call(name, argument),
      [method, request] as const,
    );
    expect(reply).toMatchObject({ ok: false, error: { code: "bad-request", details: { method } } });
    expect(reply).not.toHaveProperty("error.stack");
  });

  test.each([
    ["openRecent", { path: "/etc/passwd", where: "here" }],
    ["loadModel", { path: "/etc", provider: "cpu", memory: "auto" }],
    ["revealExported", { path: "/etc/passwd" }],
  ])("paths that the page makes up: %s", async (method, request) => {
    const reply: BridgeReply = await running.page.evaluate(
      ([name, argument]) => (globalThis as unknown as Page).app.call(name, argument),
      [method, request] as const,
    );
    expect(reply).toMatchObject({ ok: false, error: { code: "not-found" } });
  });

  test("files that nobody dropped", async () => {
    const reply = await inPage(() => {
      const made = new File(["x"], "/etc/passwd");
      return (globalThis as unknown as Page).app.openFiles([made]);
    });
    expect(reply).toMatchObject({ ok: false, error: { code: "bad-request" } });
  });

  test("calls from a window that is not ours", async () => {
    const reply = await running.app.evaluate(async ({ BrowserWindow, app }) => {
      const preload = `${app.getAppPath()}/dist/main/preload.cjs`;
      const foreign = new BrowserWindow({ show: false, webPreferences: { preload } });
      await foreign.loadURL("app://diorama/index.html");
      const answer: unknown = await foreign.webContents.executeJavaScript('window.app.call("appInfo")');
      foreign.destroy();
      return answer;
    });
    expect(reply).toMatchObject({
      ok: false,
      error: { code: "bad-request", message: "This page may not call the app." },
    });
  });
});

test.skipIf(!electron)(
  "a picture that kills the window's process does not do so for ever: the person is asked",
  { timeout: 120_000 },
  async () => {
    await using own = await launch();
    const asked = await own.app.evaluate(
      ({ BrowserWindow, dialog }) =>
        new Promise((resolve) => {
          const { webContents } = BrowserWindow.getAllWindows()[0]!;
          const crash = () => webContents.forcefullyCrashRenderer();
          webContents.on("did-finish-load", crash);
          dialog.showMessageBox = (...args: unknown[]) => {
            webContents.off("did-finish-load", crash);
            webContents.once("did-finish-load", () => resolve((args[1] as { message: string }).message));
            return Promise.resolve({ response: 0, checkboxChecked: false }); // "Try Again"
          };
          crash();
        }),
    );
    expect(asked).toBe("This window’s process ended several times within a minute.");
  },
);

test("every call has a schema that refuses what nobody should send", () => {
  for (const [method, schema] of Object.entries(mainSchemas)) {
    const { issues } = schema["~run"]({ value: Symbol("x"), typed: false }, {}) as { issues?: unknown[] };
    expect(issues?.length, method).toBeGreaterThan(0);
  }
});
