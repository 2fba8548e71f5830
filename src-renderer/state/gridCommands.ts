/** What the commands about grids do. */
import type { CommandName } from "@api/commands.ts";
import type { Action } from "./action.ts";
import { phraseOf } from "./document.ts";
import type { Session } from "./session.svelte.ts";

type GridCommand = Extract<CommandName, `grid.${string}`>;

const someDrawn = ({ grids, view }: Session) => view.mode === "grids" && grids.drawn.length > 0;

export const GRID_ACTIONS: Record<GridCommand, Action> = {
  "grid.ofCompared": {
    enabled: ({ results }) => results.tray.ids.length > 0,
    run: (session) => void session.attempt(() => session.grids.ofCompared(session.results.tray.ids)),
  },
  "grid.export": { enabled: someDrawn, run: (session) => void session.attempt(() => exportGrid(session)) },
  "grid.exportCells": {
    enabled: someDrawn,
    run: ({ exporting, grids, view }) => {
      exporting.asked = [...new Set(grids.drawn.map(({ result }) => result!.id))];
      exporting.what = "pictures";
      view.dialog = "export";
    },
  },
};

/** All of the grid on one page, with what each row and column is. */
async function exportGrid({ editor, exporting, grids }: Session): Promise<void> {
  const { cells, drawn, shown } = grids;
  if (!cells || drawn.length === 0) return;
  const { boxes, prompt } = editor.document;
  const { embed: settings, pattern, look } = exporting;
  const exported = await exporting.writeSheet({
    ids: drawn.map(({ result }) => result!.id),
    title: shown?.name ?? "Grid",
    look: { ...look, captions: look.captions.filter((one) => one === "score") },
    notes: [],
    colors: boxes.map((box) => ({ id: box.id, words: phraseOf(prompt, box), color: box.color })),
    grid: {
      rows: cells.rows,
      columns: cells.columns,
      places: drawn.map(({ row, column }) => row * cells.columns.length + column),
    },
    ...{ settings, pattern },
  });
  const path = exported?.paths[0];
  if (path !== undefined) exporting.tell("The grid is exported.", path);
}
