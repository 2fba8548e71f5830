/** A picture by its address: the one before stays until the next one is there. */
import { copyOf } from "./pictures.ts";

/**
 * Called when a component is made; `url` is asked for again whenever it changes. The picture is decoded here and nowhere else: what an
 * `<img>` decodes for a canvas stays in the browser's own cache long after it was shown, a megabyte for each of 512 x 512.
 */
export function loadPicture(url: () => string | undefined): { readonly now: HTMLCanvasElement | undefined } {
  let now: HTMLCanvasElement | undefined = $state.raw();
  $effect(() => {
    const address = url();
    const isOver = new AbortController();
    if (address === undefined) now = undefined;
    else {
      read(address, isOver.signal).then(
        (picture) => {
          if (!isOver.signal.aborted) now = picture;
        },
        // One that is gone is not shown; what took it away says so.
        () => {
          if (!isOver.signal.aborted) now = undefined;
        },
      );
    }
    return () => isOver.abort();
  });
  return {
    get now() {
      return now;
    },
  };
}

async function read(address: string, signal: AbortSignal): Promise<HTMLCanvasElement> {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`There is no picture at ${address}.`);
  const bitmap = await createImageBitmap(await answer.blob());
  try {
    return copyOf(bitmap);
  } finally {
    bitmap.close();
  }
}
