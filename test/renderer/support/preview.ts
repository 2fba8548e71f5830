/** The window in a browser, on a main process in memory: `npm run preview:window`. */
import { FakeMain } from "./fakeBridge.ts";

Object.assign(window, { app: new FakeMain({ stepMs: 60 }).bridge });
