/** The store's whole service inside this process, spoken to through its contract: thousands of projects in the time of a few processes. */
import { connect, type Connection } from "../../src-main/wire/rpc.ts";
import type { StoreApi, StoreEvents } from "../../src-main/api/store.ts";
import { runService } from "../../src-main/store/service.ts";
import { memoryPorts } from "../support/memoryPorts.ts";

export function storeHere(dataFolder: string): {
  api: Connection<StoreApi, StoreEvents>["api"];
  close: () => Promise<void>;
} {
  const { near, far, close } = memoryPorts();
  const ended = new Promise<void>((resolve) => runService(far, dataFolder, resolve));
  const { api } = connect<StoreApi, StoreEvents>(near);
  return {
    api,
    close: () => {
      close();
      return ended;
    },
  };
}
