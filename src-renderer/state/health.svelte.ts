/** How the program itself is: its services, its own folder, and how this start came about. */
import type { App } from "@api/bridge.ts";
import type { ServiceState } from "@api/main.ts";

/** A service that works again is told of for so long, in milliseconds. */
const TOLD_FOR = 6_000;

export class Health {
  service: ServiceState | undefined = $state.raw();
  /** Why nothing can be written into the app's own folder. */
  unkept: string | undefined = $state();
  /** Something to know about this start, such as that the program had crashed. */
  greeting: string | undefined = $state();
  /** Told that a service works again. */
  onRestarted: (service: ServiceState["service"]) => void = () => undefined;
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
    app.on("service", (service) => this.#changed(service));
    app.on("kept", ({ why }) => (this.unkept = why ?? undefined));
  }

  async restartEngine(): Promise<void> {
    this.service = { service: "engine", state: "ended", message: "The engine is started again." };
    await this.#app.api.restartEngine();
  }

  #changed(service: ServiceState): void {
    this.service = service;
    if (service.state !== "restarted") return;
    this.onRestarted(service.service);
    setTimeout(() => {
      if (this.service === service) this.service = undefined;
    }, TOLD_FOR);
  }
}
