/**
 * What a page may not do here, for every page that could ever come to be: no permission, no navigation, no window, no frame of another
 * origin, no download. The checklist is that of Electron's manual (tutorial/security); test/main/security.test.ts names each threat.
 */
import { app, shell, type Session, type WebContents, type WebPreferences } from "electron";
import { join } from "node:path";
import { isOurs, linkOf, mayLoad } from "./addresses.ts";

/** How every window runs its page. */
export function webPreferences(): WebPreferences {
  return {
    preload: join(app.getAppPath(), "dist/main/preload.cjs"),
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false, // would fetch dictionaries from a server
    backgroundThrottling: false,
  };
}

/** Shuts what Electron leaves open, for all contents made from now on. */
export function hardenContents(): void {
  app.on("web-contents-created", (_event, contents) => {
    harden(contents);
  });
}

function harden(contents: WebContents): void {
  contents.on("will-attach-webview", (event) => event.preventDefault());
  // A page may load itself again, and nothing else.
  const guard = (details: { url: string; isMainFrame: boolean; preventDefault: () => void }) => {
    const isReload = details.isMainFrame && details.url === contents.getURL() && isOurs(contents.mainFrame);
    if (!isReload) details.preventDefault();
  };
  contents.on("will-navigate", guard);
  contents.on("will-redirect", guard);
  contents.on("will-frame-navigate", guard);
  contents.setWindowOpenHandler(({ url }) => {
    openLink(url);
    return { action: "deny" };
  });
}

/** Opens one of the pages that we link to in the system's browser; tells whether it is one. */
export function openLink(address: string): boolean {
  const link = linkOf(address);
  if (link !== undefined) void shell.openExternal(link);
  return link !== undefined;
}

/** Denies what Electron would grant by default. Writing to the clipboard on a person's click stays possible. */
export function hardenSession(session: Session): void {
  const isAllowed = (permission: string) => permission === "clipboard-sanitized-write";
  session.setPermissionRequestHandler((contents, permission, reply) => {
    reply(isAllowed(permission) && isOurs(contents.mainFrame));
  });
  session.setPermissionCheckHandler((contents, permission) => {
    return isAllowed(permission) && contents !== null && isOurs(contents.mainFrame);
  });
  session.setDevicePermissionHandler(() => false);
  session.on("will-download", (event) => event.preventDefault());
  // Nothing that a page loads comes from a network: see the content policy. This is the second lock.
  session.webRequest.onBeforeRequest((details, reply) => {
    reply({ cancel: !mayLoad(details.url, !app.isPackaged) });
  });
}
