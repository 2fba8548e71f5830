/** Pictures and sheets that somebody opens or drops. */
import type { Opened } from "../api/main.ts";
import type { Workshop } from "../workshop/host.ts";
import type { ProjectWindow } from "./projectWindow.ts";

/** A picture goes into the project; a sheet leads to those of its pictures that the project has. */
export async function openPicture(
  { store, project, workshop }: Pick<ProjectWindow, "store" | "project"> & { workshop: Workshop },
  path: string,
): Promise<Opened> {
  const found = await workshop.api.lookAt({ path });
  if (found.kind === "sheet") {
    const { records } = found;
    const pictures = [];
    for (const id of await store.findPictures({ records })) {
      if (id !== null) pictures.push({ id, state: (await store.readResult({ id })).state });
    }
    return { kind: "sheet", path, pictures, total: records.length, record: records[0]! };
  }
  const { png } = found;
  const result = await store.importPicture({ path, ...(png ? { png } : {}) });
  project.touch();
  return { kind: "picture", path, result };
}
