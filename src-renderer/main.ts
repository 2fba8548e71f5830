/** Mounts the window on what the preload exposes. */
import { connectApp } from "@api/bridge.ts";
import type { AppBridge } from "@api/main.ts";
import { mount } from "svelte";
import App from "./App.svelte";
import "@fontsource-variable/inter/index.css";
import "./styles.css";
import { Session } from "./state/session.svelte.ts";

declare global {
  interface Window {
    readonly app: AppBridge;
  }
}

mount(App, { target: document.getElementById("app")!, props: { session: new Session(connectApp(window.app)) } });
