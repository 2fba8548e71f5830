/** What all windows share, as one of them, a `Window`, sees it. */
import type { Opened, Theme } from "../api/main.ts";
import type { StoreEvents } from "../api/store.ts";
import type { Workshop } from "../workshop/host.ts";
import type { AtHome } from "./atHome.ts";
import type { DrawingTurns } from "../service/drawingTurns.ts";
import type { Embeddings } from "./embeddings.ts";
import type { Engines } from "./engines.ts";
import type { Folders } from "./folders.ts";
import type { Loras } from "./loras.ts";
import type { ModelHashes } from "./modelHashes.ts";
import type { Services } from "./services.ts";
import type { PoolHost } from "../pool/host.ts";
import type { UnsavedWork } from "./unsavedWork.ts";

export interface Shared<Window> {
  folders: Folders;
  services: Services;
  engine: Engines;
  pool: PoolHost;
  workshop: Workshop;
  hashes: ModelHashes;
  loras: Loras;
  atHome: AtHome;
  embeddings: Embeddings;
  turns: DrawingTurns;
  /** Titles of the projects of other windows that draw. */
  drawingBeside: (window: Window) => string[];
  theme: () => Theme;
  /** Of projects that were left. */
  unsaved: UnsavedWork;
  /** Something changed that other windows or the menu may show. */
  onChanged: (what: StoreEvents["changed"]["what"]) => void;
  /** A window has another project. */
  onProject: (window: Window) => void;
  /** Asks before the last window goes while work of other projects is kept in memory; false when the person would rather stay. */
  mayClose: (window: Window) => Promise<boolean>;
  onClosing: (window: Window, reason: "window" | "quit") => void;
  /** Opens a file of whatever kind, in `window` where it fits. */
  openFile: (window: Window, path: string) => Promise<Opened>;
}
