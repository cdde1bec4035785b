import { type Server, createServer } from 'node:net';

/** Below the range from which the kernel takes the ports of outgoing connections: nothing else takes one meanwhile. */
const FIRST = 15_000;
const LAST = 31_000;

/** Ports of this machine on which nobody listens, each tried, from a random start. */
export async function freePorts(count: number): Promise<number[]> {
  const size = LAST - FIRST;
  const start = Math.floor(Math.random() * size);
  const open: Server[] = [];
  const ports: number[] = [];
  for (let step = 0; step < size && ports.length < count; step++) {
    const port = FIRST + ((start + step) % size);
    const server = await listen(port);
    if (server === null) continue;
    open.push(server);
    ports.push(port);
  }
  await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
  if (ports.length < count) throw new Error(`fewer than ${count} ports are free in ${FIRST}-${LAST}`);
  return ports;
}

/** @returns null where somebody listens already */
function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
