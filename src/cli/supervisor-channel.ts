import type { SupervisorChannel } from '../fleet/run-worker.js';
import { PREDECESSOR_VARIABLE } from '../fleet/worker-process.js';
import type { CliContext } from './context.js';

/** The way to the supervisor that forked this process; null where none did. */
export function supervisorChannel({ channel, environment }: CliContext): SupervisorChannel | null {
  if (channel === null) return null;
  const gone = new AbortController();
  channel.onDisconnect(() => gone.abort());
  const predecessor = environment[PREDECESSOR_VARIABLE] ?? null;
  return { send: (message) => channel.send(message), gone: gone.signal, predecessor };
}
