/** The pages' `<img>` enlarged as the canvas does it. */
import { showsPixels } from "../../canvas/pictures.ts";

/** Attached to an `<img>`. */
export function crisp(image: HTMLImageElement): () => void {
  const look = () => {
    const shown = Math.min(image.clientWidth, image.clientHeight) * devicePixelRatio;
    image.style.imageRendering = showsPixels(shown, Math.min(image.naturalWidth, image.naturalHeight))
      ? "pixelated"
      : "auto";
  };
  const observer = new ResizeObserver(look);
  observer.observe(image);
  image.addEventListener("load", look);
  return () => {
    observer.disconnect();
    image.removeEventListener("load", look);
  };
}
