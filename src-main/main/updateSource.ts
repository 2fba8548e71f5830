/**
 * Newer versions by electron-updater, from the place that a packed program names in its app-update.yml; or who brings them where that is
 * not possible. Versions are offered to a part of all installations first (`stagingPercentage` in the feed), which electron-updater heeds.
 */
import { app } from "electron";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { note } from "./log.ts";
import type { UpdateSource } from "./updates.ts";

/** While developing, an app-update.yml that is used all the same. A packed program does not look at it. */
const FEED = "DIORAMA_UPDATES";

export function updateSource(): UpdateSource | { elsewhere: string } {
  const feed = app.isPackaged ? undefined : process.env[FEED];
  const elsewhere = whoElse(feed);
  if (elsewhere !== undefined) return { elsewhere };
  return electronUpdater(feed);
}

/** Who brings updates of this installation; undefined where it gets them itself. */
function whoElse(feed: string | undefined): string | undefined {
  if (!app.isPackaged && feed === undefined) {
    return "This is Diorama as it is developed: updates come with its source.";
  }
  const resource = (name: string) => join(process.resourcesPath, name);
  if (app.isPackaged && existsSync(resource("package-type"))) {
    const kind = readFileSync(resource("package-type"), "utf8").trim();
    return `Diorama was installed as a package (${kind}): your system’s package manager updates it.`;
  }
  if (process.platform === "linux" && process.env["APPIMAGE"] === undefined) {
    return "Diorama was unpacked from an archive. Unpack a newer one in its place to update it.";
  }
  if (app.isPackaged && !existsSync(resource("app-update.yml"))) {
    return "This build of Diorama does not know where newer versions are published.";
  }
  return undefined;
}

function electronUpdater(feed: string | undefined): UpdateSource {
  /** Large, and of no use in most sessions: loaded with the first look. */
  const load = async () => {
    const { autoUpdater } = await import("electron-updater");
    autoUpdater.autoDownload = false;
    autoUpdater.autoInstallOnAppQuit = false;
    autoUpdater.logger = {
      info: () => undefined,
      warn: (message: unknown) => note("updates", String(message)),
      error: (message: unknown) => note("updates", String(message)),
    };
    autoUpdater.on("error", () => undefined); // whoever looks or fetches is told by its promise
    if (feed !== undefined) {
      autoUpdater.forceDevUpdateConfig = true;
      autoUpdater.updateConfigPath = feed;
    }
    return autoUpdater;
  };
  let loading: ReturnType<typeof load> | undefined;
  const updater = () => (loading ??= load());
  return {
    look: async () => {
      const found = await (await updater()).checkForUpdates();
      if (!found?.isUpdateAvailable) return null;
      const { version } = found.updateInfo;
      return { version, notes: notesOf(feed ?? join(process.resourcesPath, "app-update.yml"), version) };
    },
    fetch: async (onProgress) => {
      const source = await updater();
      const tell = ({ percent }: { percent: number }) => onProgress(percent / 100);
      source.on("download-progress", tell);
      try {
        await source.downloadUpdate();
      } finally {
        source.off("download-progress", tell);
      }
    },
    install: (onFailed) => {
      app.releaseSingleInstanceLock(); // the new one starts before this one has ended
      updater().then((source) => {
        source.once("error", onFailed); // the one way in which it tells that the disk is full, or nothing may be written there
        source.quitAndInstall(true, true);
      }, onFailed);
    },
  };
}

/** The page of a release on GitHub, where versions are published there. */
function notesOf(config: string, version: string): string | null {
  const { provider, owner, repo } = parse(readFileSync(config, "utf8")) as Record<string, unknown>;
  const isThere = provider === "github" && typeof owner === "string" && typeof repo === "string";
  return isThere ? `https://github.com/${owner}/${repo}/releases/tag/v${version}` : null;
}
