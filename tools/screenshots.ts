/**
 * `npm run screenshots [-- folder] [--dark | --light] [--states] [--troubles] [--models] [--texts] [--readme] [--seeds]`: pictures of the real app
 * with the demo model, into `dist/screenshots` or the folder named: its main states, what one comes by less often, models at home and on
 * their way, and the same window with Japanese, Arabic and long German texts. Each in light and dark and in three sizes of window; all
 * of them unless some are named. `--readme` makes only the pictures of the README, `--seeds` those of docs/seeds.md.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTheme } from "../test/e2e/driver.ts";
import { launch, type RunningApp } from "../test/e2e/harness.ts";
import { ensureFonts } from "./electron/systemPackages.ts";
import { slowHub } from "../test/support/slowHub.ts";
import { models } from "./screenshots/models.ts";
import { pictureOfReadme, pictureOfRegions } from "./screenshots/readme.ts";
import { picturesOfSeeds } from "./screenshots/seeds.ts";
import { states } from "./screenshots/states.ts";
import { texts } from "./screenshots/texts.ts";
import { troubles } from "./screenshots/troubles.ts";
import { resize, start, type Shoot, type Size } from "./screenshots/window.ts";

const args = process.argv.slice(2);
const root = join(import.meta.dirname, "..");
const folder = args.find((one) => !one.startsWith("--")) ?? join(root, "dist", "screenshots");
/** Pictures that are kept with what they show; those of docs/seeds.md are of both themes each. */
const kept = ["--readme", "--seeds"];
const readme = kept.some((one) => args.includes(one));
const themes = (["dark", "light"] as const).filter((theme) => {
  if (readme) return theme === "dark";
  return args.includes(`--${theme}`) || !args.some((one) => one === "--dark" || one === "--light");
});
/** A small laptop, a usual screen, and a large one whose system shows all at 150 %. */
const SIZES: readonly (Size & { name: string })[] = [
  { name: "1024", width: 1024, height: 640, scale: 1 },
  { name: "1440", width: 1440, height: 900, scale: 1 },
  { name: "2560", width: 1707, height: 960, scale: 1.5 },
];
const README: Size = { width: 1280, height: 800, scale: 1 };

interface Surroundings {
  /** A folder of this run, also the home folder of whoever uses the app. */
  home: string;
  hub: Awaited<ReturnType<typeof slowHub>>;
}
const PARTS: Record<string, (running: RunningApp, shoot: Shoot, around: Surroundings) => Promise<void>> = {
  "--readme": async ({ page }) => {
    await pictureOfReadme(page, join(root, "resources", "readme", "editor.png"));
    await pictureOfRegions(page, join(root, "resources", "readme", "regions.png"));
  },
  "--seeds": (running) => picturesOfSeeds(running, join(root, "docs", "seeds")),
  "--states": ({ page }, shoot) => states(page, shoot),
  "--troubles": (running, shoot, { home }) => troubles(running, home, shoot),
  "--models": (running, shoot, { home, hub }) => models(running, home, hub, shoot),
  "--texts": ({ page }, shoot) => texts(page, shoot),
};
const named = Object.keys(PARTS).filter((part) => args.includes(part));
const wanted = named.length > 0 ? named : Object.keys(PARTS).filter((part) => !kept.includes(part));

const say = (line: string) => void process.stderr.write(`${line}\n`);
await mkdir(folder, { recursive: true });
ensureFonts(say);
const hub = await slowHub();
for (const theme of themes) for (const part of wanted) await photograph(part, theme);
await hub.close();

/** Each part begins with an app of its own, as somebody finds it who starts it for the first time. */
async function photograph(part: string, theme: "dark" | "light"): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "diorama-home-"));
  const env = { HOME: home, USERPROFILE: home, HF_HUB_CACHE: join(home, "hub") };
  try {
    await using running = await launch({ env });
    const { page, problems } = running;
    // No tooltip in the picture, and nothing half way through a movement.
    await page.emulateMedia({ reducedMotion: "reduce" });
    await setTheme(page, theme);
    const shoot: Shoot = async (name, inView) => {
      for (const size of SIZES) {
        await resize(page, size);
        await inView?.scrollIntoViewIfNeeded();
        await page.screenshot({ path: join(folder, `${name}-${theme}-${size.name}.png`) });
      }
      await resize(page, SIZES[1]!);
    };
    await resize(page, kept.includes(part) ? README : SIZES[1]!);
    await start(page);
    await PARTS[part]!(running, shoot, { home, hub });
    for (const problem of problems) say(`${part} ${theme}: ${problem}`);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
