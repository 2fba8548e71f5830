/** Projects by name: those opened last, and the versions of this one that were given a name. Drafts save themselves: see session. */
import type { RecentProject, VersionInfo } from "@api/store.ts";
import { fromDraft, toDraft } from "./document.ts";
import type { Session } from "./session.svelte.ts";

export class Projects {
  /** Latest first. */
  versions: readonly VersionInfo[] = $state.raw([]);
  /** The version that the draft grew from. */
  current: number | null = $state(null);
  #all: readonly RecentProject[] = $state.raw([]);
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    session.app.on("changed", ({ what }) => {
      if (what === "recent") void session.attempt(() => this.listRecent());
      if (what === "versions" && session.view.dialog === "versions") void session.attempt(() => this.listVersions());
    });
  }

  /** Latest first, without the one that is open by now and those that are not there. */
  get recent(): readonly RecentProject[] {
    return this.#all.filter(({ path, present }) => present && path !== this.#session.project?.path);
  }

  async listRecent(): Promise<void> {
    this.#all = await this.#session.app.api.recentProjects();
  }

  async openRecent(path: string): Promise<void> {
    const { app } = this.#session;
    await this.#session.saveNow();
    await app.api.openRecent({ path, where: "here" });
  }

  /** Keeps the draft as a version; asks for a file first where the project has none. Without a name it gets the time. */
  async save(name = new Date().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })): Promise<void> {
    const { app, editor, notices, view } = this.#session;
    const { revision } = editor;
    const saved = await app.api.saveProject({ draft: toDraft(editor.document), name });
    if (!saved) return;
    this.#session.isSaved(saved.project, revision);
    this.current = saved.version.id;
    const all = { label: "Versions…", run: () => void (view.dialog = "versions") };
    notices.done(`Saved as version “${saved.version.name}”.`, all);
  }

  async saveAs(): Promise<void> {
    const { app, editor } = this.#session;
    const { revision } = editor;
    const project = await app.api.saveProjectAs({ draft: toDraft(editor.document) });
    if (project) this.#session.isSaved(project, revision);
  }

  /** Reads all of the project's file, and says whether it is whole. */
  async verify(): Promise<void> {
    const { app, notices, title } = this.#session;
    const name = `“${title}”`;
    const damage = await app.api.verifyProject();
    if (damage.length === 0) {
      notices.done(`${name} is whole: all of its file was read, and nothing is damaged.`);
      return;
    }
    const places = damage.length === 1 ? "one place" : `${damage.length} places`;
    const message = `${name} is damaged in ${places} (${damage[0]!}). Save it under another name: what can still be read goes into the copy.`;
    notices.error(new Error(message), {
      label: "Save as…",
      run: () => void this.#session.attempt(() => this.saveAs()),
    });
  }

  async listVersions(): Promise<void> {
    const { api } = this.#session.app;
    const [versions, { versionId }] = await Promise.all([api.listVersions(), api.readDraft()]);
    this.versions = versions;
    this.current = versionId;
  }

  /** Goes back to a version. The draft is kept as a version of its own, and is one undo away. */
  async restore({ id, name }: VersionInfo): Promise<void> {
    const session = this.#session;
    await session.saveNow();
    const { draft } = await session.app.api.restoreVersion({ id });
    session.editor.open(fromDraft(draft), `Go back to “${name}”`);
    await session.saveNow();
    session.view.mode = "compose";
    session.notices.done(`This is “${name}” again. What was there before is kept as a version, too.`, {
      label: "Undo",
      run: () => void session.attempt(() => session.editor.undo()),
    });
    await this.listVersions();
  }

  async rename({ id }: VersionInfo, name: string): Promise<void> {
    if (name.trim() === "") return;
    await this.#session.app.api.renameVersion({ id, name: name.trim().slice(0, 80) });
    await this.listVersions();
  }

  /** For good when the project is closed; until then a step of undo. */
  async delete({ id, name }: VersionInfo): Promise<void> {
    const { app, editor } = this.#session;
    const redo = async () => {
      await app.api.deleteVersion({ id });
      await this.listVersions();
    };
    const undo = async () => {
      await app.api.undeleteVersion({ id });
      await this.listVersions();
    };
    await redo();
    editor.record(`Delete version “${name}”`, { undo, redo });
  }
}
