/**
 * `npm run screenshots [-- folder] [--dark | --light] [--states | --texts] [--readme]`: pictures of the window's main states, and of the
 * same window with Japanese, Arabic and long German texts, of the real app with the demo model, into `dist/screenshots` or the folder
 * named. Each in light and dark and in three sizes of window; `--readme` makes only the picture of the README.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTheme } from "../test/e2e/driver.ts";
import { launch } from "../test/e2e/harness.ts";
import { ensureFonts } from "./electron/systemPackages.ts";
import { pictureOfReadme } from "./screenshots/readme.ts";
import { states } from "./screenshots/states.ts";
import { texts } from "./screenshots/texts.ts";
import { resize, start, type Shoot, type Size } from "./screenshots/window.ts";

const args = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
const folder = args.find((one) => !one.startsWith("--")) ?? join(root, "dist", "screenshots");
const isAsked = (one: string, other: string) => args.includes(one) || !args.includes(other);
const readme = args.includes("--readme");
const themes = (["dark", "light"] as const).filter((theme) => {
  if (readme) return theme === "dark";
  return isAsked(`--${theme}`, theme === "dark" ? "--light" : "--dark");
});
/** A small laptop, a usual screen, and a large one whose system shows all at 150 %. */
const SIZES: readonly (Size & { name: string })[] = [
  { name: "1024", width: 1024, height: 640, scale: 1 },
  { name: "1440", width: 1440, height: 900, scale: 1 },
  { name: "2560", width: 1707, height: 960, scale: 1.5 },
];
const README: Size = { width: 1280, height: 800, scale: 1 };

const say = (line: string) => void process.stderr.write(`${line}\n`);
await mkdir(folder, { recursive: true });
ensureFonts(say);
// The display of the tests does not keep a process alive.
const alive = setInterval(() => undefined, 60_000);
for (const theme of themes) {
  await using running = await launch();
  const { page, problems } = running;
  // No tooltip in the picture, and nothing half way through a movement.
  await page.emulateMedia({ reducedMotion: "reduce" });
  await setTheme(page, theme);
  const shoot: Shoot = async (name) => {
    for (const size of SIZES) {
      await resize(page, size);
      await page.screenshot({ path: join(folder, `${name}-${theme}-${size.name}.png`) });
    }
    await resize(page, SIZES[1]!);
  };
  await resize(page, readme ? README : SIZES[1]!);
  if (readme) await pictureOfReadme(page, join(root, "resources", "readme", "editor.png"));
  else {
    await start(page);
    if (isAsked("--states", "--texts")) await states(page, shoot);
    if (isAsked("--texts", "--states")) await texts(page, shoot);
  }
  for (const problem of problems) say(`${theme}: ${problem}`);
}
clearInterval(alive);
