/** Other machines, as the windows ask for them; one list for the whole program. */
import type { MachineCalls } from "../api/machines.ts";
import type { Machines } from "../remote/host.ts";
import type { Handlers } from "../wire/rpc.ts";

export function machineCalls(machines: Machines): Handlers<MachineCalls> {
  return {
    listMachines: () => machines.list(),
    lookForMachines: ({ on }) => machines.look(on),
    pairMachine: (request) => machines.api.pairMachine(request),
    retryMachine: (request) => machines.api.retryMachine(request),
    forgetMachine: (request) => machines.api.forgetMachine(request),
  };
}
