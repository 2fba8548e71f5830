/** Projects by name: those opened last, and the versions of this one that were given a name. Drafts save themselves: see saving. */
import type { App } from "@api/bridge.ts";
import type { RecentProject, VersionInfo } from "@api/store.ts";
import { fromDraft, toDraft } from "./document.ts";
import type { Editor } from "./editor.svelte.ts";
import type { Notices } from "./notices.svelte.ts";
import type { Saving } from "./saving.svelte.ts";
import type { View } from "./view.svelte.ts";

export class Projects {
  /** Latest first. */
  versions: readonly VersionInfo[] = $state.raw([]);
  /** The version that the draft grew from. */
  current: number | null = $state(null);
  #all: readonly RecentProject[] = $state.raw([]);
  readonly #app: App;
  readonly #editor: Editor;
  readonly #saving: Saving;
  readonly #view: View;
  readonly #notices: Notices;

  constructor(app: App, editor: Editor, saving: Saving, view: View, notices: Notices) {
    this.#app = app;
    this.#editor = editor;
    this.#saving = saving;
    this.#view = view;
    this.#notices = notices;
    app.on("changed", ({ what }) => {
      if (what === "recent") void notices.attempt(() => this.listRecent());
      if (what === "versions" && view.dialog === "versions") void notices.attempt(() => this.listVersions());
    });
  }

  /** Latest first, without the one that is open by now and those that are not there. */
  get recent(): readonly RecentProject[] {
    return this.#all.filter(({ path, present }) => present && path !== this.#saving.project?.path);
  }

  async listRecent(): Promise<void> {
    this.#all = await this.#app.api.recentProjects();
  }

  async openRecent(path: string): Promise<void> {
    await this.#saving.now();
    await this.#app.api.openRecent({ path, where: "here" });
  }

  /** Keeps the draft as a version; asks for a file first where the project has none. Without a name it gets the time. */
  async save(name = new Date().toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })): Promise<void> {
    const editor = this.#editor;
    const { revision } = editor;
    const saved = await this.#app.api.saveProject({ draft: toDraft(editor.document), name });
    if (!saved) return;
    this.#saving.isSaved(saved.project, revision);
    this.current = saved.version.id;
    const all = { label: "Versions…", run: () => void (this.#view.dialog = "versions") };
    this.#notices.done(`Saved as version “${saved.version.name}”.`, all);
  }

  async saveAs(): Promise<void> {
    const editor = this.#editor;
    const { revision } = editor;
    const project = await this.#app.api.saveProjectAs({ draft: toDraft(editor.document) });
    if (project) this.#saving.isSaved(project, revision);
  }

  /** Reads all of the project's file, and says whether it is whole. */
  async verify(): Promise<void> {
    const notices = this.#notices;
    const name = `“${this.#saving.title}”`;
    const damage = await this.#app.api.verifyProject();
    if (damage.length === 0) {
      notices.done(`${name} is whole: all of its file was read, and nothing is damaged.`);
      return;
    }
    const places = damage.length === 1 ? "one place" : `${damage.length} places`;
    const message = `${name} is damaged in ${places} (${damage[0]!}). Save it under another name: what can still be read goes into the copy.`;
    notices.error(new Error(message), {
      label: "Save as…",
      run: () => void notices.attempt(() => this.saveAs()),
    });
  }

  async listVersions(): Promise<void> {
    const { api } = this.#app;
    const [versions, { versionId }] = await Promise.all([api.listVersions(), api.readDraft()]);
    this.versions = versions;
    this.current = versionId;
  }

  /** Goes back to a version. The draft is kept as a version of its own, and is one undo away. */
  async restore({ id, name }: VersionInfo): Promise<void> {
    const editor = this.#editor;
    await this.#saving.now();
    const { draft } = await this.#app.api.restoreVersion({ id });
    editor.open(fromDraft(draft), `Go back to “${name}”`);
    await this.#saving.now();
    this.#view.mode = "compose";
    this.#notices.done(`This is “${name}” again. What was there before is kept as a version, too.`, editor.takeBack());
    await this.listVersions();
  }

  async rename({ id }: VersionInfo, name: string): Promise<void> {
    if (name.trim() === "") return;
    await this.#app.api.renameVersion({ id, name: name.trim().slice(0, 80) });
    await this.listVersions();
  }

  /** For good when the project is closed; until then a step of undo. */
  async delete({ id, name }: VersionInfo): Promise<void> {
    const app = this.#app;
    const redo = async () => {
      await app.api.deleteVersion({ id });
      await this.listVersions();
    };
    const undo = async () => {
      await app.api.undeleteVersion({ id });
      await this.listVersions();
    };
    await redo();
    this.#editor.record(`Delete version “${name}”`, { undo, redo });
  }
}
