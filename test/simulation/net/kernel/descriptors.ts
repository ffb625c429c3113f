/** What a process has open: its death closes it, as the kernel does. */
import type { SimulatedProcess } from '../../process.ts';
import type { TcpEndpoint } from './tcp-endpoint.ts';

const open = new WeakMap<SimulatedProcess, Set<TcpEndpoint>>();

export function own(process: SimulatedProcess, endpoint: TcpEndpoint): void {
  // What runs to its end behind a death opens nothing.
  if (!process.isAlive) {
    endpoint.abort();
    return;
  }
  let endpoints = open.get(process);
  if (!endpoints) {
    const all = new Set<TcpEndpoint>();
    process.onDeath(() => {
      for (const each of all) each.close();
    });
    open.set(process, all);
    endpoints = all;
  }
  const own = endpoints;
  own.add(endpoint);
  endpoint.onReleased = () => own.delete(endpoint);
}
