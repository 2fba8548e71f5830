/** How pictures leave the project: asked in the export dialog, remembered for the next time and for drags, and shown each time. */
import type { App } from "@api/bridge.ts";
import type { Exported, PictureRequest, SheetRequest } from "@api/main.ts";
import { DEFAULT_PATTERN, LONGEST_PATTERN, patternProblem } from "@api/pictureName.ts";
import { CAPTIONS, MOST_COLUMNS, PICTURE_FORMS, SHEET_FORMS, type PictureForm, type SheetLook } from "@api/sheets.ts";
import type { Notices } from "./notices.svelte.ts";

const PREFERENCE = "embedSettings";
const LOOKS = "exporting";
/** Files that a drag can carry. */
const MOST_DRAGGED = 64;

/** All of it but whether settings are inside, which drags ask of, too. */
interface Choices {
  form: PictureForm;
  /** Of file names, see pictureName.ts. */
  pattern: string;
  look: SheetLook;
}

export class Exporting {
  embed = $state(true);
  form: PictureForm = $state("png");
  pattern = $state(DEFAULT_PATTERN);
  look: SheetLook = $state.raw({
    form: "png",
    columns: null,
    captions: ["seed", "score"],
    boxes: true,
    footer: true,
  });
  /** What the dialog begins with. */
  what: "pictures" | "sheet" = $state("pictures");
  /** The pictures that the dialog is about, where they are not what is chosen. */
  asked: readonly number[] | undefined = $state.raw();
  readonly #app: App;
  readonly #notices: Notices;
  /** What the person was last told of drags. */
  #told: boolean | undefined;

  constructor(app: App, notices: Notices) {
    this.#app = app;
    this.#notices = notices;
  }

  /** What was remembered is taken as far as it makes sense here: another version may have written it. */
  async restore(): Promise<void> {
    const { [PREFERENCE]: embed, [LOOKS]: choices } = await this.#app.api.readPreferences();
    if (typeof embed === "boolean") this.embed = embed;
    const { form, pattern, look = {} } = (choices ?? {}) as Partial<Choices>;
    this.form = PICTURE_FORMS.find((one) => one === form) ?? this.form;
    if (typeof pattern === "string" && pattern.length <= LONGEST_PATTERN && !patternProblem(pattern))
      this.pattern = pattern;
    const { columns, captions, boxes, footer } = look as Partial<SheetLook>;
    this.look = {
      form: SHEET_FORMS.find((one) => one === (look as Partial<SheetLook>).form) ?? this.look.form,
      columns: typeof columns === "number" && columns >= 1 && columns <= MOST_COLUMNS ? Math.floor(columns) : null,
      captions: Array.isArray(captions) ? CAPTIONS.filter((one) => captions.includes(one)) : this.look.captions,
      boxes: typeof boxes === "boolean" ? boxes : this.look.boxes,
      footer: typeof footer === "boolean" ? footer : this.look.footer,
    };
  }

  async remember(embed: boolean): Promise<void> {
    this.embed = embed;
    await this.#app.api.writePreferences({ [PREFERENCE]: embed });
  }

  /** What the dialog was left with. */
  async rememberChoices(): Promise<void> {
    const { form, pattern, look } = this;
    await this.#app.api.writePreferences({ [LOOKS]: { form, pattern, look } });
  }

  /** Asks where, and writes each picture into a file of its own; null when the person thought better of it. */
  writePictures(request: PictureRequest): Promise<Exported | null> {
    return this.#app.api.exportPictures(request);
  }

  /** Asks where, and writes all of them onto a sheet; null as above. */
  writeSheet(request: SheetRequest): Promise<Exported | null> {
    return this.#app.api.exportSheet(request);
  }

  /** Says what was written, and shows the file at `path` when asked. */
  tell(text: string, path: string): void {
    const show = () => void this.#notices.attempt(() => this.#app.api.revealExported({ path }));
    this.#notices.done(text, { label: "Show in folder", run: show });
  }

  /** A drag cannot ask; it says what it did, the first time and after each change. */
  async drag(ids: readonly number[]): Promise<void> {
    const { embed, pattern } = this;
    await this.#app.api.dragPictures({ ids: ids.slice(0, MOST_DRAGGED), settings: embed, pattern });
    if (this.#told === embed) return;
    this.#told = embed;
    this.#notices.done(
      embed
        ? "Dragged with prompt and settings inside the file."
        : "Dragged without settings: nothing but the picture.",
      { label: embed ? "Leave them out" : "Put them in", run: () => void this.remember(!embed) },
    );
  }
}
